import { keepServer } from '../client/keep-server';
import { startServer } from '../client/server';
import { exit } from './exit';

/** `slimflow server`: Temporal on the history of the state folder, in the foreground, so that its UI shows past runs. */
export async function server(state: string): Promise<number> {
  const running = await startServer(state);
  // Heard from before it is offered: a Ctrl-C in between would leave the server behind.
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    // A pending promise alone does not keep Node alive.
    setInterval(() => undefined, 1 << 30);
  });
  process.stdout.write(`Temporal: ${running.found}\nUI: ${running.ui}\nCtrl-C ends it.\n`);
  const stopKeeping = keepServer(running, (line) => process.stdout.write(`${line}\n`));
  await interrupted;
  await stopKeeping();
  process.stdout.write((await running.release()) ? '\nStopped.\n' : '\nLeft running: a run uses it.\n');
  return exit.done;
}
