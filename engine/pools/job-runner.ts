import type { JobName, Jobs, Progress } from '../jobs/types';

/** Options for running a job. */
export interface RunOptions {
  /** Asks the job to stop at its next batch; it then fails with `Cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Called when the job starts, after any wait for its turn. */
  readonly onStart?: () => void;
  /**
   * Returns the ms that a job has to stop by itself, called when it is to stop; a process that takes longer is killed.
   * Threads can't be: they go on to the next batch.
   */
  readonly grace?: () => number;
  /** Runs nothing else beside the job, since it did not fit beside others before. */
  readonly alone?: boolean;
  /** True if somebody else takes jobs that may not fit: such a job is rejected by its estimate rather than tried. */
  readonly elsewhere?: boolean;
}

/** Runs jobs: in threads of this process, or in separate processes. */
export interface JobRunner {
  /** @throws EngineError as the job does; `Cancelled` once the signal was aborted; JobProcessError */
  run<Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    options?: RunOptions,
  ): Promise<Jobs[Name]['output']>;
}
