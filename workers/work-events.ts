import { ApplicationFailure, CancelledFailure } from '@temporalio/common';

/** The end of an activity's attempt. */
export type Ending =
  | { readonly state: 'done'; readonly known: boolean }
  | { readonly state: 'cancelled' }
  /** Another worker takes it. */
  | { readonly state: 'handed back'; readonly type: string; readonly reason: string }
  /** It is tried again. */
  | {
      readonly state: 'retried';
      readonly type: string;
      readonly reason: string;
      readonly inSeconds?: number;
    }
  /** It is not tried again. */
  | { readonly state: 'failed'; readonly type: string; readonly reason: string };

/** Types of failures by which a worker passes work on that it did not begin, or did not finish. */
const passedOn = ['WorkerShutdown', 'NoRoom'];

/**
 * Classifies the error of an activity's attempt.
 * @param isCancelled true if Temporal asked the activity to stop
 */
export function endingOf(error: unknown, isCancelled: boolean): Ending {
  const failure = error instanceof ApplicationFailure ? error : undefined;
  const delay = failure?.nextRetryDelay as unknown;
  const { name, message: reason } = error as Error;
  const named = { type: failure?.type ?? name, reason };
  if (passedOn.includes(named.type)) return { state: 'handed back', ...named };
  if (error instanceof CancelledFailure || (isCancelled && name === 'AbortError'))
    return { state: 'cancelled' };
  if (failure?.nonRetryable) return { state: 'failed', ...named };
  return {
    state: 'retried',
    ...named,
    ...(typeof delay === 'number' && { inSeconds: delay / 1000 }),
  };
}

/** The sentence of a log line, and its level, for how an attempt ended. */
export function endingText(
  activity: string,
  ending: Ending,
  seconds: number,
): { readonly level: 'info' | 'warn' | 'error'; readonly text: string } {
  const took = `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  switch (ending.state) {
    case 'done':
      return {
        level: 'info',
        text: ending.known
          ? `${activity}: its result was in the store already`
          : `${activity} done in ${took}`,
      };
    case 'cancelled':
      return { level: 'info', text: `${activity} cancelled after ${took}` };
    case 'handed back':
      return { level: 'info', text: `${activity} handed back after ${took}: ${ending.reason}` };
    case 'retried': {
      const next = ending.inSeconds === undefined ? '' : ` in ${Math.ceil(ending.inSeconds)} s`;
      const { type, reason } = ending;
      return {
        level: 'warn',
        text: `${activity} failed after ${took}, is tried again${next}: ${type}: ${reason}`,
      };
    }
    case 'failed':
      return {
        level: 'error',
        text: `${activity} failed for good after ${took}: ${ending.type}: ${ending.reason}`,
      };
  }
}
