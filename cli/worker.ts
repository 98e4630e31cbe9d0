import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { taskQueueOf } from '../client/start-guidebook';
import type { WorkerQueue } from '../contract/task-queues';
import { keepServer } from '../server/keep-server';
import { serverOfRuns, type TemporalServer } from '../server/find-server';
import { openStore } from '../store/open';
import { type RunningWorker, serve } from '../workers/serve';
import { BadInput, exit } from './exit-status';
import { type Health, healthEndpoint } from './health';
import { logTo } from './log';
import { writable } from './preflight';

/** The options of `slimflow worker` as commander gives them. */
export interface WorkerFlags {
  readonly state: string;
  readonly queue: WorkerQueue;
  readonly store?: string;
  readonly taskQueue?: string;
  readonly slots?: number;
  readonly threads?: number;
  /** GB */
  readonly memory?: number;
  readonly overflow?: boolean;
  readonly checkpointSeconds?: number;
  readonly drainSeconds?: number;
  readonly healthPort?: number;
  readonly deployment?: string;
  readonly buildId?: string;
}

/** How long to wait before a server that does not answer is asked again. */
const againMs = 2000;

/**
 * `slimflow worker`: serves task queues until it is told to stop (SIGTERM, Ctrl-C), when jobs write a last checkpoint and
 * are handed back. It works for the server that is there, or for the development server on the history of the state
 * folder, which it keeps running meanwhile. It says what it does as JSON lines on standard output.
 */
export async function worker(flags: WorkerFlags): Promise<number> {
  const { queue, slots, threads, overflow, checkpointSeconds, drainSeconds, state } = flags;
  const store = flags.store ?? process.env.SLIMFLOW_STORE ?? join(state, 'store');
  const problem = store.includes('://') ? undefined : writable(store);
  if (problem) throw new BadInput(`--store ${store} can't be written to: ${problem}`);
  const log = logTo(process.stdout.fd);
  const stop = onStop();
  let running: RunningWorker | undefined;
  const health = (): Health => ({
    isReady: !stop.aborted && running?.isRunning() === true,
    told: {
      queue,
      taskQueues: running?.taskQueues ?? [],
      jobs: running?.jobs() ?? 0,
      stopping: stop.aborted,
    },
  });
  const endpoint =
    flags.healthPort === undefined ? undefined : await healthEndpoint(flags.healthPort, health);
  let server: TemporalServer | undefined;
  let stopKeeping: (() => Promise<void>) | undefined;
  try {
    const taskQueue = flags.taskQueue ?? (await taskQueueOf(openStore(store)));
    server = await untilFound(state, stop, (message) => log.warn(message));
    if (!server) return exit.done;
    stopKeeping = keepServer(server, (message) => log.warn(message));
    running = await serve({
      queue,
      taskQueue,
      store,
      slots,
      threads,
      overflow,
      checkpointSeconds,
      drainSeconds,
      memory: flags.memory === undefined ? undefined : flags.memory * 1e9,
      deployment:
        flags.deployment === undefined ? undefined : { name: flags.deployment, buildId: flags.buildId },
      connection: server.connection,
      namespace: server.namespace,
    });
    const healthPort = endpoint?.port;
    log.info(
      { taskQueues: running.taskQueues, store, pid: process.pid, healthPort },
      `working for ${server.found}`,
    );
    await Promise.race([running.ended, aborted(stop)]);
    if (stop.aborted)
      log.info({ jobs: running.jobs() }, 'stopping: jobs write a checkpoint and are handed back');
    await running.stop();
    log.info('stopped');
    return exit.done;
  } finally {
    await endpoint?.close();
    await stopKeeping?.();
    await server?.release();
  }
}

/** Waits for a Temporal server; undefined where it was told to stop meanwhile. */
async function untilFound(
  state: string,
  stop: AbortSignal,
  warn: (message: string) => void,
): Promise<TemporalServer | undefined> {
  while (!stop.aborted) {
    try {
      const found = await serverOfRuns(state);
      if (found) return found;
      warn(
        'no Temporal server yet: set TEMPORAL_ADDRESS, or start one with `slimflow start`, `run` or `server`',
      );
    } catch (error) {
      warn((error as Error).message);
    }
    await sleep(againMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** Aborts at the first SIGTERM or Ctrl-C; the second ends the process. */
function onStop(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exit.failed);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}
