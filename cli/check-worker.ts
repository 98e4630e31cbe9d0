import type { Client } from '@temporalio/client';

import { workerComes, workerPatienceMs } from '../client/queries';
import { toStderr } from './temporal-session';

/** Waits up to 15 s for a worker on a task queue, and says so. @returns whether there is one */
export const waitForWorker = (client: Client, taskQueue: string, signal: AbortSignal): Promise<boolean> =>
  workerComes(
    client,
    taskQueue,
    () => toStderr(`No worker found yet; waiting up to ${workerPatienceMs / 1000} s for one.`),
    signal,
  );
