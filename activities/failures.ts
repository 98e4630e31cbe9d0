import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { createHash } from 'node:crypto';

import type { Setback, Setbacks } from '../contract/activities';
import { type FailureType, failureTypes } from '../contract/failure-types';
import type { HandedOn } from '../contract/task-queues';
import { EngineError } from '../engine/errors';
import { JobProcessError, type ProcessProblem } from '../engine/pools/process-error';
import { saysOutOfMemory } from '../engine/runtime/out-of-memory';
import { RemoteError } from '../store/remote/remote-error';
import { StoreError } from '../store/store-errors';
import { limits, none } from './setbacks';

/** Errors of the program itself; they come back however often they are tried. */
const bugs = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];

/** Facts that a failure is judged by, besides the error. */
export interface Tried {
  /** The digest of the work, which seeds the jitter. */
  readonly key: string;
  readonly attempt: number;
  /** The work's setbacks, this error included. */
  readonly setbacks: Setbacks;
  /** True if another task queue takes what is too large for this worker. */
  readonly overflow?: boolean;
}

const firstTry: Tried = { key: '', attempt: 1, setbacks: none };

const setbackNames: Readonly<Record<ProcessProblem, Setback>> = {
  Crashed: 'crashed',
  OutOfMemory: 'outOfMemory',
  Stalled: 'stalled',
};

/** Names the setback that an error counts as; undefined if a retry can't go otherwise. */
export function setbackOf(error: unknown): Setback | undefined {
  if (error instanceof JobProcessError) return setbackNames[error.problem];
  if (error instanceof EngineError && error.code === 'Cancelled') return undefined;
  return saysOutOfMemory((error as Error).message) ? 'outOfMemory' : undefined;
}

/** Names of failures that are retried, and the reason in words for giving up. */
const setbackTypes: Record<
  Setback,
  { readonly type: FailureType; readonly last: (message: string, times: number) => string }
> = {
  crashed: {
    type: failureTypes.NativeCrash,
    last: (message, times) => `${message}. It did so ${times} times on this model, and is not tried again`,
  },
  stalled: {
    type: failureTypes.Stalled,
    last: (message, times) => `${message}. It hung ${times} times, and is not tried again`,
  },
  outOfMemory: {
    type: failureTypes.OutOfMemory,
    last: (message) =>
      `${message}. It does not fit alone on its worker either: give it one with more memory, or lower the batch`,
  },
  lost: {
    type: failureTypes.WorkersLost,
    last: (_, times) =>
      `${times} workers in a row ended while they were at it, without a word: their system may have stopped them for their memory`,
  },
};

/** The failure that Temporal gets: its type says what went wrong, and it is retried only if that can help. */
export function failureOf(error: unknown, tried: Tried = firstTry): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const setback = setbackOf(error);
  if (setback) return setbackFailure(setback, error as Error, tried);
  if (error instanceof EngineError) {
    const { code, message } = error;
    if (code === 'Cancelled') return new CancelledFailure(message);
    return ApplicationFailure.create({ message, type: failureTypes[code], nonRetryable: true, cause: error });
  }
  if (error instanceof RemoteError && error.code !== failureTypes.SourceUnreachable)
    return ApplicationFailure.create({
      message: error.message,
      type: failureTypes[error.code],
      nonRetryable: true,
      cause: error,
    });
  const { name, message } = error as Error;
  if (bugs.includes(name))
    return ApplicationFailure.create({
      message: `${name}: ${message}`,
      type: failureTypes.Bug,
      nonRetryable: true,
      cause: error as Error,
    });
  // A store that is full or away is waited for; what nobody foresaw is not tried for ever.
  const isLast = !(error instanceof StoreError) && tried.attempt >= limits.attempts;
  return ApplicationFailure.create({
    ...(error instanceof StoreError || error instanceof RemoteError
      ? { message, type: failureTypes[error.code] }
      : { message: name === 'Error' ? message : `${name}: ${message}`, type: failureTypes.Unforeseen }),
    nonRetryable: isLast,
    cause: error as Error,
    nextRetryDelay: isLast ? undefined : retryDelay(tried),
  });
}

/** Makes the failure of work after a setback that may not happen again. */
export function setbackFailure(setback: Setback, error: Error | undefined, tried: Tried): ApplicationFailure {
  const { type, last } = setbackTypes[setback];
  const { message = '' } = error ?? {};
  const onLarger = setback === 'outOfMemory' && tried.overflow === true;
  const isLast = onLarger || tried.setbacks[setback] >= limits[setback];
  return ApplicationFailure.create({
    message: onLarger
      ? `${message}. It goes on to the task queue for large work`
      : isLast
        ? last(message, tried.setbacks[setback])
        : message,
    type,
    nonRetryable: isLast,
    details: onLarger ? [{ queue: 'large' } satisfies HandedOn] : undefined,
    cause: error,
    nextRetryDelay: isLast ? undefined : retryDelay(tried),
  });
}

/** The failure of work that a worker hands back because it is being stopped: another takes it at once. */
export const handedBack = (message: string): ApplicationFailure =>
  ApplicationFailure.create({ message, type: failureTypes.WorkerShutdown, nextRetryDelay: 100 });

/** The failure of work for which a worker has no memory, or no process, for long: whoever has room takes it. */
export const noRoom = (job: string, tried: Tried): ApplicationFailure =>
  ApplicationFailure.create({
    message: `this worker had no room for ${job} beside what runs on it; whichever has room first takes it`,
    type: failureTypes.NoRoom,
    nextRetryDelay: retryDelay(tried),
  });

const firstMs = 1000;
const mostMs = 60_000;

/**
 * Milliseconds until the next try: doubled from try to try, a minute at most, and spread over half of it, so that all
 * that failed together (a store that was away) does not come back together. Drawn by the work's key: the same every
 * time.
 */
export function retryDelay({ key, attempt }: Pick<Tried, 'key' | 'attempt'>): number {
  const whole = Math.min(mostMs, firstMs * 2 ** (attempt - 1));
  const drawn = createHash('sha256').update(`${key} ${attempt}`).digest().readUInt32BE() / 2 ** 32;
  return Math.round(whole * (0.5 + 0.5 * drawn));
}
