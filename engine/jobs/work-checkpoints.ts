import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';

import { CheckpointPace, NewestCheckpoints } from '../checkpoints';
import type { JobContext } from './job-context';
import type { Checkpointing, Progress } from './types';

const format = 'slimflow work 1';

/** How far a job is, and the state that it can be gone on from. */
type Reached<State> = Omit<Progress, 'checkpoint'> & { readonly state: () => State };

/**
 * The checkpoints of a job that is a row of like units: batches of a score, layers of a refit. A state is any value that
 * `structuredClone` copies; its numbers come back as they were, to the bit.
 */
export class WorkCheckpoints<State> {
  private readonly files = new NewestCheckpoints();
  private readonly pace: CheckpointPace;
  private written = 0;

  /**
   * @param identity what the job was asked for: another job's checkpoint is not gone on from
   * @param checkpointing none are written where it is left out
   */
  constructor(
    private readonly context: JobContext,
    private readonly identity: string,
    private readonly checkpointing: Checkpointing | undefined,
  ) {
    this.pace = new CheckpointPace(checkpointing?.checkpointSeconds ?? Infinity);
    if (checkpointing) mkdirSync(checkpointing.checkpoints, { recursive: true });
  }

  /** The state to go on from; undefined where there is none that can be read: the work then begins anew. */
  resumed(): State | undefined {
    const path = this.checkpointing?.resume;
    if (path === undefined) return undefined;
    try {
      const found = deserialize(readFileSync(path)) as { format: string; identity: string; state: State };
      return found.format === format && found.identity === this.identity ? found.state : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Between two units: reports, with a checkpoint where it is time for one, and stops where that was asked, with a
   * checkpoint first.
   * @throws EngineError `Cancelled`
   */
  passed({ state, ...progress }: Reached<State>): void {
    let stop: Error | undefined;
    try {
      this.context.checkStop();
    } catch (error) {
      stop = error as Error;
    }
    const isDue = this.checkpointing && (stop || this.pace.isDue);
    const checkpoint = isDue ? this.pace.write(() => this.write(state())) : undefined;
    this.context.report({ ...progress, checkpoint });
    if (stop) throw stop;
  }

  private write(state: State): string {
    const path = resolve(join(this.checkpointing!.checkpoints, `work-${++this.written}`));
    writeFileSync(`${path}.part`, serialize({ format, identity: this.identity, state }));
    renameSync(`${path}.part`, path);
    this.files.add(path);
    return path;
  }
}
