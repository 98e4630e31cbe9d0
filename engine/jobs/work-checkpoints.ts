import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';

import { CheckpointPace, NewestCheckpoints } from '../checkpoints';
import type { JobContext } from './job-context';
import type { Checkpointing, Progress } from './types';

const format = 'slimflow work 1';

/** Progress of a job, and the state that it can be resumed from. */
type Reached<State> = Omit<Progress, 'checkpoint'> & { readonly state: () => State };

/**
 * Checkpoints of a job that is a sequence of like units: batches of a score, layers of a refit. A state is any value
 * that `structuredClone` copies; its numbers are restored exactly.
 */
export class WorkCheckpoints<State> {
  private readonly files = new NewestCheckpoints();
  private readonly pace: CheckpointPace;
  private written = 0;

  /**
   * @param identity the job's request: another job's checkpoint is not resumed from
   * @param checkpointing none are written if it is left out
   */
  constructor(
    private readonly context: JobContext,
    private readonly identity: string,
    private readonly checkpointing: Checkpointing | undefined,
  ) {
    this.pace = new CheckpointPace(checkpointing?.checkpointSeconds ?? Infinity);
    if (checkpointing) mkdirSync(checkpointing.checkpoints, { recursive: true });
  }

  /** Returns the state to resume from; undefined if there is none that can be read, in which case the work starts over. */
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
   * Call between two units: reports, writes a checkpoint if one is due, and stops on request, after writing a
   * checkpoint.
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
