import { setTimeout as sleep } from 'node:timers/promises';

import { isAway } from './queries';

/** Tries after which a server that answers and yet fails as if it did not is given up. */
const maxTries = 3;

/**
 * Retries idempotent work while the server is unreachable.
 * @param isThere tells if the server answers
 * @param signal ends the waiting
 */
export async function onceThere<T>(
  work: () => Promise<T>,
  {
    isThere,
    signal,
    intervalMs = 1000,
  }: { isThere: () => Promise<boolean>; signal: AbortSignal; intervalMs?: number },
): Promise<T> {
  for (let tries = 1; ;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !(isAway(error) || (error as Error).name === 'TransportError')) throw error;
      // It may be back by now, so that the next try succeeds.
      if ((await isThere()) && ++tries > maxTries) throw error;
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
