import { setMaxListeners } from 'node:events';

import { exitStatus } from './exit-status';

const hint = () => void process.stderr.write('\nStopping; press Ctrl-C again to quit at once.\n');

/**
 * Aborts the returned signal at the first Ctrl-C or SIGTERM, so that the command can wind down; the second one ends the
 * process. This is the only place where a command handles them.
 * @param onFirst called at the first one, before the signal aborts; says how to quit at once by default
 */
export function onInterrupt(onFirst: () => void = hint): AbortSignal {
  const controller = new AbortController();
  // Every call of a Temporal client listens to the signal that ends it, and the client never removes its listeners.
  setMaxListeners(0, controller.signal);
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exitStatus.detached);
    onFirst();
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}

/** Resolves once a signal has aborted, and keeps the process alive until then. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    // A pending promise alone does not keep Node alive.
    const alive = setInterval(() => undefined, 1 << 30);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(alive);
        resolve();
      },
      { once: true },
    );
  });
