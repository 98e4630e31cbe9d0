import { type RunningWorker, serve, type ServeOptions } from './serve';

/** Options of a worker for all of Slimflow's work. */
export type AllInOneOptions = Omit<ServeOptions, 'queue' | 'allowModules'>;

/**
 * Starts one worker for all of Slimflow's work, whichever task queue it comes from. It runs users' modules: it is for
 * whoever starts it.
 */
export const allInOne = (options: AllInOneOptions): Promise<RunningWorker> =>
  serve({ ...options, queue: 'all', allowModules: true });
