import type { Client } from '@temporalio/client';

import type { PendingWork } from './observation';
import { hasWorker } from './queries';

/** Activities that run on the device, if the spec names one. */
const measurements = ['latency'];
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
  const measuring = work.filter(({ activity }) => measurements.includes(activity));
  if (!measuring.length) return false;
  const isLate = ({ heardAt }: PendingWork) => Date.now() - Date.parse(heardAt) > heardWithinMs;
  if (measuring.some(isLate)) return true;
  return (
    measuring.every(({ state }) => state !== 'running') && !(await hasWorker(client, taskQueue, 'activities'))
  );
}
