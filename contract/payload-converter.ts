import { ApplicationFailure, defaultPayloadConverter, type PayloadConverter } from '@temporalio/common';

import { failureTypes } from './failure-types';

/** Payload size, in bytes, from which Temporal warns; at 2 MB it refuses the payload, and the workflow is stuck. */
export const payloadLimit = 256 * 1024;

/**
 * Temporal's own payload converter, which refuses what is over 256 kB: big things go through the store, as artifacts.
 * It is the last line; what Slimflow sends is bounded where it is made.
 *
 * @throws ApplicationFailure of type PayloadTooLarge, not retried, which names the field that takes the most
 */
export const payloadConverter: PayloadConverter = {
  toPayload(value, ...rest) {
    const payload = defaultPayloadConverter.toPayload(value, ...rest);
    const bytes = payload.data?.length ?? 0;
    if (bytes > payloadLimit)
      throw ApplicationFailure.nonRetryable(
        `a message of ${kB(bytes)} is over the ${kB(payloadLimit)} that Temporal takes well; ${blame(value)}`,
        failureTypes.PayloadTooLarge,
      );
    return payload;
  },
  fromPayload: (payload, ...rest) => defaultPayloadConverter.fromPayload(payload, ...rest),
};

const kB = (bytes: number) => `${Math.ceil(bytes / 1024)} kB`;
/** UTF-16 code units of the JSON: near enough to bytes to tell fields apart. */
const sizeOf = (value: unknown): number => JSON.stringify(value)?.length ?? 0;

/** The field that makes a value big: the deepest that holds more than half of it. */
function blame(value: unknown): string {
  const path: string[] = [];
  let at = value;
  for (;;) {
    if (typeof at !== 'object' || at === null) break;
    const whole = sizeOf(at);
    const next = Object.entries(at).find(([, field]) => sizeOf(field) > whole / 2);
    if (!next) break;
    path.push(next[0]);
    at = next[1];
  }
  const what = Array.isArray(at) ? `${at.length} items, ` : '';
  return `${path.length ? `its field ${path.join('.')}` : 'the whole'} holds ${what}${kB(sizeOf(at))}`;
}
