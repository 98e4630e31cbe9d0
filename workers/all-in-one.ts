import { type RunningWorker, serve, type ServeOptions } from './serve';

/** Options of a worker for all of Slimflow's work. */
export type AllInOneOptions = Omit<ServeOptions, 'queue'>;

/** Starts one worker for all of Slimflow's work, whichever task queue it comes from. */
export const allInOne = (options: AllInOneOptions): Promise<RunningWorker> =>
  serve({ ...options, queue: 'all' });
