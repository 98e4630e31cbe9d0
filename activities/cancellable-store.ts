import { Context } from '@temporalio/activity';

import { EngineError } from '../engine/errors';
import type { Store } from '../store/store';

/** Time in ms that a store has to answer once the activity is cancelled; together with the job's own stop, under 5 s. */
const cancelledMs = 1000;
/** The same once the worker is being stopped, when a last checkpoint should still reach it. */
const stoppedMs = 8000;

/**
 * Wraps a store so that cancelled activities need not wait for it, however long it takes (a server that stalls, a
 * network folder that hangs): the call then fails with `Cancelled`. The operation in progress completes entirely or not
 * at all, and no further one starts.
 */
export const cancellable = (store: Store): Store =>
  new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const answer = (member as (...args: unknown[]) => unknown).apply(target, args);
        return answer instanceof Promise ? unlessCancelled(answer, target.where) : answer;
      };
    },
  });

async function unlessCancelled<T>(answer: Promise<T>, where: string): Promise<T> {
  const context = Context.current();
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const givenUp = new Promise<never>((_, reject) => {
    const giveUp = () =>
      reject(
        new EngineError('Cancelled', `the store at ${where} has not answered since the work was cancelled`),
      );
    context.cancelled.catch(() => {
      const isStopped = context.cancellationDetails?.workerShutdown === true;
      if (!isOver) timer = setTimeout(giveUp, isStopped ? stoppedMs : cancelledMs);
    });
  });
  try {
    return await Promise.race([answer, givenUp]);
  } finally {
    isOver = true;
    clearTimeout(timer);
  }
}
