import { ApplicationFailure } from '@temporalio/common';

import { type FailureType, failureTypes } from './failure-types';

/** Reasons go into the result, which has to fit into one message; characters. */
const most = 500;

/** The innermost message of a failure: what went wrong, without Temporal's wrapping. */
export function reasonOf(error: unknown): string {
  let inner = error as Error;
  while (inner.cause instanceof Error) inner = inner.cause;
  const { message } = inner;
  return message.length > most ? `${message.slice(0, most - 1)}…` : message;
}

/**
 * The type of the failure inside an error that a run, an activity or an update ended with: the first in its chain of causes
 * that is one of `failureTypes`. Undefined for anything else, such as a cancellation or a server that is away.
 *
 * @example
 * ```ts
 * import { failureMessage, failureTypeOf, failureTypes } from 'slimflow';
 *
 * try {
 *   await client.workflow.getHandle(workflowId).result();
 * } catch (error) {
 *   if (failureTypeOf(error) === failureTypes.InvalidData) console.log('fix the data:', failureMessage(error));
 * }
 * ```
 */
export function failureTypeOf(error: unknown): FailureType | undefined {
  for (let at = error; at instanceof Error; at = at.cause)
    if (at instanceof ApplicationFailure && at.type != null && Object.hasOwn(failureTypes, at.type))
      return at.type as FailureType;
  return undefined;
}
