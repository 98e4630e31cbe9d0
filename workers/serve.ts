import { NativeConnection, type NativeConnectionOptions, Worker } from '@temporalio/worker';

import { polledQueues, type WorkerQueue } from '../contract/task-queues';
import { SlimflowPlugin, type SlimflowPluginOptions } from './plugin';

export interface ServeOptions extends Omit<SlimflowPluginOptions, 'activityQueues'> {
  readonly connection: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  readonly namespace: string;
  /** That of the workflows; those for heavy work are called by it. */
  readonly taskQueue: string;
  readonly queue: WorkerQueue;
}

/** A worker that runs in this process. */
export interface RunningWorker {
  /** Settles when the worker has ended; rejects when it broke down. */
  readonly ended: Promise<void>;
  readonly taskQueues: readonly string[];
  /** Whether it takes tasks. */
  isRunning(): boolean;
  /** Jobs that run now. */
  jobs(): number;
  /** Asks the activities to stop, and waits for them; what they were at is tried again by the next worker. */
  stop(): Promise<void>;
}

/** Seconds beyond a job's own for its last checkpoint to reach the store. */
const beyondDrain = 10;

/**
 * Slimflow's worker, built on the plugin like any other's: one for each task queue, all with one pool of jobs.
 * @throws Error when the server can't be reached, or a namespace or task queue not be used
 */
export async function serve({
  connection: options,
  namespace,
  taskQueue,
  queue,
  drainSeconds = 15,
  ...rest
}: ServeOptions): Promise<RunningWorker> {
  const taskQueues = polledQueues(taskQueue, queue);
  const plugin = new SlimflowPlugin({
    ...rest,
    drainSeconds,
    activityQueues: taskQueues.filter((name) => name !== taskQueue),
  });
  const connection = await NativeConnection.connect(options);
  const workers: Worker[] = [];
  try {
    for (const name of taskQueues)
      workers.push(
        await Worker.create({
          connection,
          namespace,
          taskQueue: name,
          plugins: [plugin],
          // Checkpoints make giving up at once cheap.
          shutdownGraceTime: 0,
          shutdownForceTime: 1000 * (drainSeconds + beyondDrain),
        }),
      );
  } catch (error) {
    await connection.close();
    throw error;
  }
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const running = workers.map((worker) =>
    worker.run().catch((error: unknown) => {
      stop(); // one that breaks down takes the others with it
      throw error;
    }),
  );
  const ended = Promise.allSettled(running)
    .then(() => Promise.all(running))
    .then(() => undefined)
    .finally(() => connection.close());
  ended.catch(() => undefined); // whoever waits for it hears of it
  return {
    ended,
    taskQueues,
    isRunning: () => workers.every((worker) => worker.getState() === 'RUNNING'),
    jobs: () => plugin.jobs,
    async stop() {
      stop();
      await ended;
    },
  };
}
