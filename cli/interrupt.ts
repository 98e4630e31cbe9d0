import { exit } from './exit';

/** Aborts at the first Ctrl-C (or SIGTERM), which lets the command wind down; the second one ends it. */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exit.detached);
    process.stderr.write('\nStopping; once more to stop at once.\n');
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
