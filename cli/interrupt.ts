import { setMaxListeners } from 'node:events';

import { exit } from './exit-status';

/** Aborts at the first Ctrl-C (or SIGTERM), which lets the command wind down; the second one ends it. */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  // Every call of a Temporal client listens to the signal that ends it, and the client never takes its listeners away.
  setMaxListeners(0, controller.signal);
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exit.detached);
    process.stderr.write('\nStopping; once more to stop at once.\n');
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
