import { setTimeout as sleep } from 'node:timers/promises';

import { isAway } from './queries';

/** A server that answers and yet fails like one that does not is given up after so many tries. */
const maxTries = 3;

/**
 * Does work that can be done again, again for as long as it fails because the server is away.
 * @param isThere whether the server answers
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
      // It may be back by now, of which the next try makes use.
      if ((await isThere()) && ++tries > maxTries) throw error;
      await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
