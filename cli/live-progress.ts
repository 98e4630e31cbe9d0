import { clearScreenDown, moveCursor } from 'node:readline';
import type { WriteStream } from 'node:tty';

import { eventsBetween, waitsOf } from '../client/events';
import type { Doing, Observation } from '../client/observation';
import { candidateText, doingText, statusLines, stepText } from '../report/progress';
import { eventText, waitingText } from '../report/waiting';
import { visible } from '../engine/visible';

/** Shows the progress of a run. */
export interface ProgressDisplay {
  update(observation: Observation): void;
  /** Stops redrawing; the last state stays on the screen. */
  end(): void;
}

/** Returns a block that is redrawn if the stream is a terminal, else lines printed when something changes. */
export const progressDisplay = (stream: WriteStream): ProgressDisplay =>
  stream.isTTY ? new RedrawnBlock(stream) : new PrintedLines(stream);

/** Returns how many quarters of the work are done: long work is reported four times, not at every heartbeat. */
const quartersOf = ({ at }: Doing) => (at?.total ? Math.floor((4 * at.done) / at.total) : 0);

class RedrawnBlock implements ProgressDisplay {
  private readonly began = Date.now();
  private latest?: Observation;
  private drawn = 0;
  private readonly clock = setInterval(() => this.draw(), 1000);

  constructor(private readonly stream: WriteStream) {}

  update(observation: Observation): void {
    this.latest = observation;
    this.draw();
  }

  end(): void {
    clearInterval(this.clock);
  }

  private draw(): void {
    if (!this.latest) return;
    const { columns = 80, rows = 24 } = this.stream;
    // A line that wraps or scrolls away can not be redrawn.
    const { progress } = this.latest;
    const lines = [
      ...(progress ? statusLines(progress, (Date.now() - this.began) / 1000, this.latest) : []),
      ...waitsOf(this.latest).map(waitingText),
    ]
      .slice(0, rows - 1)
      .map((line) => visible(line).slice(0, columns - 1));
    moveCursor(this.stream, 0, -this.drawn);
    this.stream.cursorTo(0);
    clearScreenDown(this.stream);
    this.stream.write(`${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }
}

/** Prints lines with the time, as logs have it. */
class PrintedLines implements ProgressDisplay {
  /** The last printed state of each subject. */
  private readonly printed = new Map<string, string>();

  private before?: Observation;

  constructor(private readonly stream: NodeJS.WritableStream) {}

  update(observation: Observation): void {
    for (const event of eventsBetween(this.before, observation)) {
      const text = eventText(event);
      for (const line of text?.split('\n') ?? []) this.write(line);
    }
    this.before = observation;
    const { progress, silent } = observation;
    if (!progress || silent === 'server') return;
    const { stage, scoring, candidates, doing, notes } = progress;
    this.print('stage', stepText(stage));
    for (const { of, technique, done, total } of scoring) {
      // Four lines per model, not one per layer.
      const quarter = Math.floor((4 * done) / Math.max(1, total));
      if (quarter)
        this.print(
          `${technique} of ${of}`,
          `${technique} of ${of}: ${done} of ${total} layers scored`,
          `${quarter}`,
        );
    }
    for (const row of candidates) {
      const now = doing[row.id];
      if (row.status === 'running' && !now) continue;
      const state =
        row.status === 'running' ? `${now.activity} ${now.attempt} ${quartersOf(now)}` : undefined;
      this.print(
        row.id,
        `${row.id}: ${row.status === 'running' ? doingText(now) : candidateText(row)}`,
        state,
      );
    }
    for (const note of notes) this.print(note, `note: ${note}`);
  }

  end(): void {
    this.printed.clear();
  }

  /** Prints a line about a subject if its state has changed. */
  private print(subject: string, line: string, state = line): void {
    if (this.printed.get(subject) === state) return;
    this.printed.set(subject, state);
    this.write(line);
  }

  private write(line: string): void {
    this.stream.write(`${new Date().toISOString().slice(0, 19)}Z ${visible(line)}\n`);
  }
}
