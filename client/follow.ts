import type { Client } from '@temporalio/client';

import { eventsBetween, type RunEvent } from './events';
import type { Observation } from './observation';
import { observe, type ObserveOptions } from './observe';

/** An event, and when it was seen, in ISO 8601. */
export type TimedRunEvent = RunEvent & { readonly seenAt: string };

/**
 * What happens in a run, as it happens, to its end: first all that happened before, then what is new. The stream goes on
 * over a server or a worker that is away (`waiting`, then `continued`) and over a reset; its last event is `end`.
 * Heartbeats come every few seconds, so not every epoch of a short training is seen.
 * @throws as observe does
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
