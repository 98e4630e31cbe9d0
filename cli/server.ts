import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { taskQueueOf } from '../client/start-guidebook';
import { keepServer } from '../server/keep-server';
import { startServer, type TemporalServer } from '../server/find-server';
import { openStore } from '../store/open';
import { answering } from '../workers/answering';
import { configuredConverter } from './codec';
import { exitStatus } from './exit-status';
import { aborted, onInterrupt } from './interrupt';
import { logTo } from './log';
import { visibleLines } from '../engine/visible';

/**
 * `slimflow server`: runs Temporal on the history of the state folder, in the foreground, to show past runs in its UI; a
 * worker answers the UI's queries about them.
 */
export async function server(state: string): Promise<number> {
  logTo(join(state, 'slimflow.log'));
  const running = await startServer(state);
  const worker = await answeringAt(state, running);
  // Handled before the message below offers it: a Ctrl-C in between would leave the server running.
  const interrupted = aborted(onInterrupt());
  process.stdout.write(
    visibleLines(`Temporal: ${running.found}\nUI: ${running.ui}\nPress Ctrl-C to stop.\n`),
  );
  const stopKeeping = keepServer(running, (line) => process.stdout.write(visibleLines(`${line}\n`)));
  await interrupted;
  await worker?.stop();
  await stopKeeping();
  process.stdout.write(
    visibleLines((await running.release()) ? '\nStopped.\n' : '\nLeft running, since a run uses it.\n'),
  );
  return exitStatus.done;
}

/** Starts a worker that answers queries about the runs of the state folder; undefined if it has no store. */
async function answeringAt(
  state: string,
  { connection, namespace }: TemporalServer,
): Promise<Awaited<ReturnType<typeof answering>> | undefined> {
  const folder = join(state, 'store');
  if (!existsSync(folder)) return undefined;
  return answering({
    connection,
    namespace,
    dataConverter: await configuredConverter(namespace),
    taskQueue: await taskQueueOf(openStore(folder)),
  });
}
