import { setTimeout as sleep } from 'node:timers/promises';

import type { TemporalServer } from './find-server';

/**
 * Sees to it, while this process uses a server of the state folder, that it runs: one that died is started again on its
 * database, at its address, where clients and workers find it by themselves. For a server that is somebody else's it
 * does nothing.
 * @param say hears of a restart, and of what keeps it from succeeding (once each); it is tried again and again
 * @returns ends it
 */
export function keepServer(
  server: TemporalServer,
  say: (text: string) => void,
  intervalMs = 1000,
): () => Promise<void> {
  const ended = new AbortController();
  const keeping = server.revive ? keep(server.revive, say, intervalMs, ended.signal) : Promise.resolve();
  return async () => {
    ended.abort();
    await keeping;
  };
}

async function keep(
  revive: () => Promise<boolean>,
  say: (text: string) => void,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    try {
      if (await revive()) say('The Temporal server had ended; it was started again on its history.');
      said = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== said) say(`The Temporal server has ended and can't be started again: ${message}`);
      said = message;
    }
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
