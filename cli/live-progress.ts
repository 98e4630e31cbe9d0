import { clearScreenDown, moveCursor } from 'node:readline';
import type { WriteStream } from 'node:tty';

import { eventsBetween, waitsOf } from '../client/events';
import type { Doing, Observation } from '../client/observation';
import { candidateText, doingText, statusLines, stepText } from '../report/progress';
import { eventText, waitingText } from '../report/waiting';

/** Shows how a run goes. */
export interface Live {
  update(observation: Observation): void;
  /** Leaves the last state standing. */
  end(): void;
}

/** A block that is redrawn on a terminal; elsewhere a line whenever something changes. */
export const live = (stream: WriteStream): Live => (stream.isTTY ? new Block(stream) : new Lines(stream));

/** Long work is told of four times, not at every heartbeat. */
const quarterOf = ({ at }: Doing) => (at?.total ? Math.floor((4 * at.done) / at.total) : 0);

class Block implements Live {
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
    // A line that wraps, or scrolls away, could not be redrawn.
    const { progress } = this.latest;
    const lines = [
      ...(progress ? statusLines(progress, (Date.now() - this.began) / 1000) : []),
      ...waitsOf(this.latest).map(waitingText),
    ]
      .slice(0, rows - 1)
      .map((line) => line.slice(0, columns - 1));
    moveCursor(this.stream, 0, -this.drawn);
    this.stream.cursorTo(0);
    clearScreenDown(this.stream);
    this.stream.write(`${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }
}

class Lines implements Live {
  /** The last line of each subject. */
  private readonly said = new Map<string, string>();

  private before?: Observation;

  constructor(private readonly stream: NodeJS.WritableStream) {}

  update(observation: Observation): void {
    for (const event of eventsBetween(this.before, observation)) {
      const text = eventText(event);
      if (text) this.stream.write(`${text}\n`);
    }
    this.before = observation;
    const { progress, silent } = observation;
    if (!progress || silent === 'server') return;
    const { stage, scoring, candidates, doing, notes } = progress;
    this.say('stage', stepText(stage));
    for (const { of, technique, done, total } of scoring) {
      // Four lines a model, not one a layer.
      const quarter = Math.floor((4 * done) / Math.max(1, total));
      if (quarter)
        this.say(
          `${technique} of ${of}`,
          `${technique} of ${of}: ${done} of ${total} layers scored`,
          `${quarter}`,
        );
    }
    for (const row of candidates) {
      const now = doing[row.id];
      if (row.status === 'running' && !now) continue;
      const state = row.status === 'running' ? `${now.activity} ${now.attempt} ${quarterOf(now)}` : undefined;
      this.say(row.id, `${row.id}: ${row.status === 'running' ? doingText(now) : candidateText(row)}`, state);
    }
    for (const note of notes) this.say(note, `note: ${note}`);
  }

  end(): void {
    this.said.clear();
  }

  /** Says a line about a subject unless its state is what it was. */
  private say(subject: string, line: string, state = line): void {
    if (this.said.get(subject) === state) return;
    this.said.set(subject, state);
    this.stream.write(`${line}\n`);
  }
}
