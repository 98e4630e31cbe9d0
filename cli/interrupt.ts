import { setMaxListeners } from 'node:events';

import { exitStatus } from './exit-status';

const hint = () => void process.stderr.write('\nStopping; press Ctrl-C again to quit at once.\n');

/**
 * Aborts the returned signal at the first Ctrl-C or SIGTERM, so that the command can wind down; the second one ends the
 * process. Only this file handles them.
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

/**
 * Does work that comes before the rest of a command. Ctrl-C or SIGTERM stops it, and ends the process once it has
 * cleaned up; the second one ends it at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exitStatus.detached);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    if (controller.signal.aborted) {
      process.stderr.write('\nStopped; nothing was started.\n');
      process.exit(exitStatus.detached);
    }
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
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
