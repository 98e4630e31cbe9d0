import { Runtime } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';

import type { QueueKind, WorkerQueue } from '../contract/task-queues';
import { taskQueueOf } from '../client/start-guidebook';
import { offersGpu } from '../engine/runtime/providers';
import { keepServer } from '../server/keep-server';
import { tracing } from '../server/tracing';
import { serverOfRuns, type TemporalServer } from '../server/find-server';
import { openStore } from '../store/open';
import { setGauges } from '../workers/gauges';
import { type RunningWorker, serve } from '../workers/serve';
import { configuredConverter } from './codec';
import { BadInput, exitStatus } from './exit-status';
import { type Health, healthEndpoint } from './health';
import { aborted, onInterrupt } from './interrupt';
import { logTo } from './log';
import { storeLocation } from './options';
import { metricsExporter } from './telemetry';
import { storeProblem } from './store-problem';

/** The options of `slimflow worker` as commander gives them. */
export interface WorkerFlags {
  readonly state: string;
  readonly queue: WorkerQueue;
  readonly store?: string;
  readonly taskQueue?: string;
  readonly slots?: number;
  readonly threads?: number;
  /** In GB. */
  readonly memory?: number;
  readonly overflow?: boolean;
  readonly allowModules?: boolean;
  readonly importFrom?: readonly string[];
  readonly checkpointSeconds?: number;
  readonly drainSeconds?: number;
  readonly healthPort?: number;
  readonly healthHost?: string;
  readonly metricsPort?: number;
  readonly deployment?: string;
  readonly buildId?: string;
}

/** Time between attempts to find a server. */
const retryMs = 2000;

/**
 * `slimflow worker`: serves task queues until SIGTERM or Ctrl-C; then its jobs write a last checkpoint and are handed
 * back. It works for the server that it finds, or for the development server on the state folder's history, which it
 * keeps running meanwhile. It logs JSON lines to standard output.
 */
export async function worker(flags: WorkerFlags): Promise<number> {
  const {
    queue,
    slots,
    threads,
    overflow,
    allowModules,
    importFrom,
    checkpointSeconds,
    drainSeconds,
    state,
  } = flags;
  if (queue === 'latency' && flags.taskQueue === undefined)
    throw new BadInput(
      '--queue latency measures on this machine for specs that name it: give the name, as in latency.taskQueue, by --task-queue',
    );
  if (queue === 'latency' && slots !== undefined && slots !== 1)
    throw new BadInput('--queue latency measures one thing at a time: leave --slots out');
  const store = storeLocation(flags);
  const problem = storeProblem(store);
  if (problem) throw new BadInput(problem);
  // Work for a GPU fails for good where there is none.
  const except: QueueKind[] = queue === 'all' && !offersGpu() ? ['gpu'] : [];
  const log = logTo(process.stdout.fd, metricsExporter(flags.metricsPort, flags.healthHost));
  // Standard output is the log; a hint on standard error would end up between its JSON lines.
  const stop = onInterrupt(() => undefined);
  let running: RunningWorker | undefined;
  const health = (): Health => ({
    isReady: !stop.aborted && running?.isRunning() === true,
    details: {
      queue,
      taskQueues: running?.taskQueues ?? [],
      jobs: running?.jobs() ?? 0,
      stopping: stop.aborted,
      ...(running?.serverProblem() !== undefined && { server: running.serverProblem() }),
    },
  });
  const endpoint =
    flags.healthPort === undefined
      ? undefined
      : await healthEndpoint(flags.healthPort, health, flags.healthHost);
  let server: TemporalServer | undefined;
  const traces = await tracing();
  let stopKeeping: (() => Promise<void>) | undefined;
  try {
    const taskQueue = flags.taskQueue ?? (await taskQueueOf(openStore(store)));
    server = await untilFound(state, stop, (message) => log.warn(message));
    if (!server) return exitStatus.done;
    stopKeeping = keepServer(server, (message) => log.warn(message));
    const serving = (running = await serve({
      queue,
      except,
      taskQueue,
      store,
      slots,
      threads,
      overflow,
      allowModules,
      importFrom,
      checkpointSeconds,
      drainSeconds,
      memory: flags.memory === undefined ? undefined : flags.memory * 1e9,
      deployment:
        flags.deployment === undefined ? undefined : { name: flags.deployment, buildId: flags.buildId },
      connection: server.connection,
      namespace: server.namespace,
      dataConverter: await configuredConverter(server.namespace),
      plugins: traces && [traces.plugin],
      onServer: (event, reason) =>
        event === 'away'
          ? log.warn({ reason }, 'the Temporal server does not answer: no new work until it does')
          : log.info('the Temporal server answers again'),
    }));
    void setGauges(Runtime.instance().metricMeter, () => serving.usage(), stop);
    const healthPort = endpoint?.port;
    log.info(
      { taskQueues: running.taskQueues, store, pid: process.pid, healthPort },
      `working for ${server.found}`,
    );
    await Promise.race([running.ended, aborted(stop)]);
    if (stop.aborted)
      log.info({ jobs: running.jobs() }, 'stopping: jobs write a checkpoint and go back to the queue');
    await running.stop();
    log.info('stopped');
    return exitStatus.done;
  } finally {
    await traces?.flush();
    await endpoint?.close();
    await stopKeeping?.();
    await server?.release();
  }
}

/** Waits for a Temporal server; undefined if it was stopped meanwhile. */
async function untilFound(
  state: string,
  stop: AbortSignal,
  warn: (message: string) => void,
): Promise<TemporalServer | undefined> {
  let said = '';
  const sayOnce = (message: string) => {
    if (message !== said) warn(message);
    said = message;
  };
  while (!stop.aborted) {
    try {
      const found = await serverOfRuns(state);
      if (found) return found;
      sayOnce(
        'no Temporal server found; still looking. Set TEMPORAL_ADDRESS, or start one with `slimflow start`, `run` or `server`',
      );
    } catch (error) {
      sayOnce((error as Error).message);
    }
    await sleep(retryMs, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}
