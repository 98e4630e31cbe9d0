import { setTimeout as sleep } from 'node:timers/promises';

import type { TemporalServer } from './find-server';

/**
 * Keeps a server of the state folder running while this process uses it: if it dies it is restarted on its database, at
 * its address, where clients and workers reconnect by themselves. Does nothing for a server run by somebody else.
 * @param say is called after a restart, and once for each reason why one fails; restarting is tried again and again
 * @returns a function that ends this
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
      if (await revive()) say('The Temporal server had stopped; it was restarted with its history.');
      said = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== said) say(`The Temporal server has stopped and can't be restarted:  ${message}`);
      said = message;
    }
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
