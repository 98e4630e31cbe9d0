import { rmSync } from 'node:fs';

/** Two, since the newest may be lost while it is copied away, or turn out to be broken. */
const kept = 2;

/** The checkpoint files of one piece of work, of which the two newest are kept. */
export class NewestCheckpoints {
  /** @param files those that are there already, the newest last */
  constructor(private readonly files: string[] = []) {}

  /** Takes a file that was just written as the newest, and deletes all but the last before it. */
  add(path: string): void {
    this.files.splice(0, this.files.length, ...this.files.filter((file) => file !== path), path);
    for (const old of this.files.splice(0, this.files.length - kept)) rmSync(old, { force: true });
  }
}

/** Says when the next checkpoint is due: after some seconds, and later if they take long to write. */
export class CheckpointPace {
  private written = Date.now();
  /** ms that the last one took to write. */
  private writing = 0;

  /** @param seconds between checkpoints; 0 for as many as possible, Infinity for none */
  constructor(private readonly seconds: number) {}

  /** A large model's checkpoint takes its time: all of them together may have a twentieth of the work's. */
  get isDue(): boolean {
    return Date.now() - this.written >= Math.max(1000 * this.seconds, this.seconds && 20 * this.writing);
  }

  /** Writes a checkpoint, and counts from then on. */
  write<T>(write: () => T): T {
    const begun = Date.now();
    const result = write();
    this.written = Date.now();
    this.writing = this.written - begun;
    return result;
  }
}
