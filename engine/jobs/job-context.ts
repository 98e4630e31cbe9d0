import { EngineError } from '../errors';
import type { Progress } from './types';

/** A running job's connection to its caller. */
export interface JobContext {
  report(progress: Progress): void;
  /** @throws EngineError `Cancelled` once the caller asked to stop; call it between batches */
  checkStop(): void;
}

/** A context for calling a job's function directly, outside a pool. */
export const quiet: JobContext = { report: () => undefined, checkStop: () => undefined };

/** Makes the context of a thread: progress goes through `post`, requests to stop come through shared memory. */
export const threadContext = (post: (progress: Progress) => void, stop: Int32Array): JobContext => ({
  report: post,
  checkStop() {
    if (Atomics.load(stop, 0)) throw new EngineError('Cancelled', 'the job was asked to stop');
  },
});
