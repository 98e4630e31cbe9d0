import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { taskQueueOf } from '../client/start-guidebook';
import { keepServer } from '../server/keep-server';
import { startServer, type TemporalServer } from '../server/find-server';
import { openStore } from '../store/open';
import { answering } from '../workers/answering';
import { exit } from './exit-status';
import { logTo } from './log';

/**
 * `slimflow server`: Temporal on the history of the state folder, in the foreground, so that its UI shows past runs, with
 * a worker that answers the UI's queries about them.
 */
export async function server(state: string): Promise<number> {
  logTo(join(state, 'slimflow.log'));
  const running = await startServer(state);
  const worker = await answeringAt(state, running);
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
  await worker?.stop();
  await stopKeeping();
  process.stdout.write((await running.release()) ? '\nStopped.\n' : '\nLeft running: a run uses it.\n');
  return exit.done;
}

/** A worker for the runs of the state folder; none where there never was one. */
async function answeringAt(
  state: string,
  { connection, namespace }: TemporalServer,
): Promise<Awaited<ReturnType<typeof answering>> | undefined> {
  const folder = join(state, 'store');
  if (!existsSync(folder)) return undefined;
  return answering({ connection, namespace, taskQueue: await taskQueueOf(openStore(folder)) });
}
