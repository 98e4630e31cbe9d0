import type { JobName, Jobs, Progress } from '../jobs/types';

export interface RunOptions {
  /** Asks the job to stop at its next batch; it then fails with `Cancelled`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Called when the job begins, which may have waited for its turn. */
  readonly onStart?: () => void;
  /**
   * Milliseconds that a job has to stop by itself, asked for when it is to stop; a process that takes longer is killed.
   * Threads can't be: theirs go on to the next batch.
   */
  readonly grace?: () => number;
  /** Whether nothing else is to run beside the job: it did not fit beside others before. */
  readonly alone?: boolean;
  /** Whether somebody else does what may not fit: it is refused by the estimate rather than tried. */
  readonly elsewhere?: boolean;
}

/** Whoever runs jobs: in threads of this process, or in processes of their own. */
export interface JobRunner {
  /** @throws EngineError as the job does; `Cancelled` once the signal was aborted; JobProcessError */
  run<Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    options?: RunOptions,
  ): Promise<Jobs[Name]['output']>;
}
