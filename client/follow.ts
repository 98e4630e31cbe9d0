import type { Client } from '@temporalio/client';

import { eventsBetween, type RunEvent } from './events';
import type { Observation } from './observation';
import { observe, type ObserveOptions } from './observe';

/** An event, and when it was seen, in ISO 8601. */
export type TimedRunEvent = RunEvent & { readonly seenAt: string };

/**
 * Yields what happens in a run until it ends: first everything that happened before, then what is new. The stream
 * continues across a server or worker that is away (`waiting`, then `continued`) and across a reset; its last event is
 * `end`. Heartbeats come every few seconds, so not every epoch of a short training is seen.
 * @throws as `observe` does
 * @example
 * ```ts
 * import { approve, follow } from 'slimflow';
 *
 * for await (const event of follow(client, workflowId)) {
 *   if (event.type === 'candidate' && event.status === 'done') console.log(event.id, event.achieved, event.drop);
 *   if (event.type === 'waiting' && event.for === 'picks') await approve(client, workflowId, { by: 'ci' });
 *   if (event.type === 'end') console.log(event.status, event.result?.selected);
 * }
 * ```
 */
export async function* follow(
  client: Client,
  workflowId: string,
  options: ObserveOptions = {},
): AsyncGenerator<TimedRunEvent, void, undefined> {
  let before: Observation | undefined;
  for await (const observation of observe(client, workflowId, options)) {
    const seenAt = new Date().toISOString();
    for (const event of eventsBetween(before, observation)) yield { seenAt, ...event };
    before = observation;
  }
}
