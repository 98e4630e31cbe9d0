import type { DataConverter } from '@temporalio/common';
import {
  NativeConnection,
  type NativeConnectionOptions,
  Worker,
  type WorkerPlugin,
} from '@temporalio/worker';

import { polledQueues, type QueueKind, type WorkerQueue } from '../contract/task-queues';
import type { Usage } from './gauges';
import { SlimflowPlugin, type SlimflowPluginOptions } from './plugin';
import { workflowsPath } from './workflow-bundle';
import { askServer, ServerWatch } from './server-watch';

/** Options of Slimflow's own worker. */
export interface ServeOptions extends Omit<SlimflowPluginOptions, 'activityQueues'> {
  readonly connection: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  readonly namespace: string;
  /** Plugins beside Slimflow's, such as that of traces. */
  readonly plugins?: readonly WorkerPlugin[];
  /** Codecs of the namespace's data. */
  readonly dataConverter?: DataConverter;
  /** The workflows' task queue; those for heavy work are named after it. */
  readonly taskQueue: string;
  readonly queue: WorkerQueue;
  /** Kinds of task queues that are left to others, though `queue` includes them. */
  readonly except?: readonly QueueKind[];
  /** Is called once when the server no longer answers, and once when it does again. */
  readonly onServer?: (event: 'away' | 'back', reason?: string) => void;
}

/** A worker that runs in this process. */
export interface RunningWorker {
  /** Settles when the worker has ended; rejects if it failed. */
  readonly ended: Promise<void>;
  readonly taskQueues: readonly string[];
  /** Tells if it takes tasks: it runs, and its server answers. */
  isRunning(): boolean;
  /** Returns why its server can't be reached; undefined if it can. */
  serverProblem(): string | undefined;
  /** Returns the number of running jobs. */
  jobs(): number;
  /** Returns what it uses now. */
  usage(): Usage;
  /** Asks the activities to stop, and waits for them; the next worker resumes their work. */
  stop(): Promise<void>;
}

/** Seconds beyond a job's own for its last checkpoint to reach the store. */
const beyondDrain = 10;

/**
 * Starts Slimflow's worker, built on the plugin like anyone else's: one per task queue, all sharing one pool of jobs.
 * @throws Error if the server can't be reached, or a namespace or task queue can't be used
 */
export async function serve({
  connection: options,
  namespace,
  dataConverter,
  plugins = [],
  taskQueue,
  queue,
  except,
  onServer = () => undefined,
  drainSeconds = 15,
  ...rest
}: ServeOptions): Promise<RunningWorker> {
  const polled = polledQueues(taskQueue, queue, except);
  const taskQueues = polled.map((one) => one.taskQueue);
  const plugin = new SlimflowPlugin({
    ...rest,
    drainSeconds,
    activityQueues: polled.filter(({ workflows }) => !workflows).map((one) => one.taskQueue),
    // Nothing runs beside a measurement.
    ...(queue === 'latency' && { slots: 1 }),
  });
  const connection = await NativeConnection.connect(options);
  const workers: Worker[] = [];
  try {
    for (const { taskQueue: name, workflows } of polled)
      workers.push(
        await Worker.create({
          connection,
          namespace,
          dataConverter,
          taskQueue: name,
          // Plugins add interceptors only to workflows that the worker bundles itself.
          ...(workflows && plugins.length && { workflowsPath }),
          plugins: [...plugins, plugin],
          // Checkpoints make giving up immediately cheap.
          shutdownGraceTime: 0,
          shutdownForceTime: 1000 * (drainSeconds + beyondDrain),
        }),
      );
  } catch (error) {
    await connection.close();
    throw error;
  }
  const watch = new ServerWatch(askServer(connection), onServer);
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const running = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stop(); // one that fails stops the others
      throw error;
    }),
  );
  const ended = Promise.allSettled(running)
    .then(() => Promise.all(running))
    .then(() => undefined)
    .finally(() => {
      watch.stop();
      return connection.close();
    });
  ended.catch(() => undefined); // whoever awaits it gets the error
  return {
    ended,
    taskQueues,
    isRunning: () =>
      watch.problem === undefined && workers.every((worker) => worker.getState() === 'RUNNING'),
    serverProblem: () => watch.problem,
    jobs: () => plugin.jobs,
    usage: () => ({
      jobs: plugin.jobs,
      slots: plugin.jobSlots,
      memory: plugin.memory.used,
      memoryLimit: plugin.memory.limit,
      isServerUp: watch.problem === undefined,
    }),
    async stop() {
      stop();
      await ended;
    },
  };
}
