import { clearScreenDown, moveCursor } from 'node:readline';
import type { WriteStream } from 'node:tty';

import type { Doing, LiveProgress } from '../client/watch';
import { candidateText, doingText, statusLines, stepText } from '../report/status';

/** Shows how a run goes. */
export interface Live {
  update(progress: LiveProgress): void;
  /** Leaves the last state standing. */
  end(): void;
}

/** A block that is redrawn on a terminal; elsewhere a line whenever something changes. */
export const live = (stream: WriteStream): Live => (stream.isTTY ? new Block(stream) : new Lines(stream));

/** Long work is told of four times, not at every heartbeat. */
const quarterOf = ({ at }: Doing) => (at?.total ? Math.floor((4 * at.done) / at.total) : 0);

class Block implements Live {
  private readonly began = Date.now();
  private latest?: LiveProgress;
  private drawn = 0;
  private readonly clock = setInterval(() => this.draw(), 1000);

  constructor(private readonly stream: WriteStream) {}

  update(progress: LiveProgress): void {
    this.latest = progress;
    this.draw();
  }

  end(): void {
    clearInterval(this.clock);
  }

  private draw(): void {
    if (!this.latest) return;
    const { columns = 80, rows = 24 } = this.stream;
    // A line that wraps, or scrolls away, could not be redrawn.
    const lines = statusLines(this.latest, (Date.now() - this.began) / 1000)
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

  constructor(private readonly stream: NodeJS.WritableStream) {}

  update({ stage, scoring, candidates, doing, notes }: LiveProgress): void {
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
