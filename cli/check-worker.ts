import type { Client } from '@temporalio/client';

import { workerComes, workerPatienceMs } from '../client/queries';
import { toStderr } from './temporal-session';

/** Whether a worker is there for a task queue, or comes while a person can be let wait; says that it waits. */
export const workerThere = (client: Client, taskQueue: string, signal: AbortSignal): Promise<boolean> =>
  workerComes(
    client,
    taskQueue,
    () => toStderr(`No worker is heard of yet; waiting up to ${workerPatienceMs / 1000} s for one.`),
    signal,
  );
