import { type RunningWorker, serve, type ServeOptions } from './serve';

export type AllInOneOptions = Omit<ServeOptions, 'queue'>;

/** One worker for all of Slimflow's work, whichever task queue it comes from. */
export const allInOne = (options: AllInOneOptions): Promise<RunningWorker> =>
  serve({ ...options, queue: 'all' });
