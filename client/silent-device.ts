import type { Client } from '@temporalio/client';

import type { PendingWork } from './observation';
import { hasWorker } from './queries';

/** Time in ms within which a device at work is heard: it sends a heartbeat every 2 s. */
const heardWithinMs = 10_000;

/**
 * Tells if work waits for the device that measures latency and nothing is heard from there: no worker polls its task
 * queue, or the work was not taken, or not reported on, in time. A killed worker stays listed for minutes, so the list
 * alone does not show that it has gone.
 */
export async function isDeviceSilent(
  client: Client,
  taskQueue: string,
  work: readonly PendingWork[],
): Promise<boolean> {
  const measuring = work.filter(({ activity }) => activity === 'latency');
  if (!measuring.length) return false;
  const isLate = ({ heardAt }: PendingWork) => Date.now() - Date.parse(heardAt) > heardWithinMs;
  if (measuring.some(isLate)) return true;
  return (
    measuring.every(({ state }) => state !== 'running') && !(await hasWorker(client, taskQueue, 'activities'))
  );
}

/** An activity of the user's, and its task queue. */
export interface Theirs {
  readonly activity: string;
  readonly taskQueue: string;
}

/**
 * Finds an activity of the user's that work waits for and nobody serves: no worker polls its task queue, or the work was
 * not taken in time.
 */
export async function unservedOf(
  client: Client,
  theirs: readonly Theirs[],
  work: readonly PendingWork[],
): Promise<Theirs | undefined> {
  const isLate = ({ heardAt }: PendingWork) => Date.now() - Date.parse(heardAt) > heardWithinMs;
  for (const { activity, taskQueue } of theirs) {
    const waiting = work.filter((one) => one.activity === activity && one.state === 'queued');
    if (!waiting.length) continue;
    if (!(await hasWorker(client, taskQueue, 'activities')) || waiting.every(isLate))
      return { activity, taskQueue };
  }
  return undefined;
}
