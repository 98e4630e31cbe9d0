import { Context } from '@temporalio/activity';

import { EngineError } from '../engine/errors';
import type { Store } from '../store/store';

/** What a store has to answer once the activity that asks was cancelled: with the job's own end before, under 5 s. */
const cancelledMs = 1000;
/** And once the worker is being stopped, when a last checkpoint is to reach it. */
const stoppedMs = 8000;

/**
 * A store that activities need not wait for once they are cancelled, however long it takes (a server that stalls, a
 * network folder that hangs): the call then fails with `Cancelled`. What it was at ends whole or not at all, and nothing
 * is asked of the store after it.
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
      reject(new EngineError('Cancelled', `${where} has not answered since the work was cancelled`));
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
