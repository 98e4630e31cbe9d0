import { NativeConnection, type NativeConnectionOptions, Worker } from '@temporalio/worker';

import { SlimflowPlugin, type SlimflowPluginOptions } from './plugin';

export interface AllInOneOptions extends SlimflowPluginOptions {
  readonly connection: Pick<NativeConnectionOptions, 'address' | 'tls' | 'apiKey' | 'metadata'>;
  readonly namespace: string;
  readonly taskQueue: string;
}

/** A worker that runs in this process. */
export interface RunningWorker {
  /** Settles when the worker has ended; rejects when it broke down. */
  readonly ended: Promise<void>;
  /** Asks the activities to stop, and waits for them; what they were at is tried again by the next worker. */
  stop(): Promise<void>;
}

/** One worker for all of Slimflow's work, built on the plugin like any other's. */
export async function allInOne({
  connection: options,
  namespace,
  taskQueue,
  ...plugin
}: AllInOneOptions): Promise<RunningWorker> {
  const connection = await NativeConnection.connect(options);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    plugins: [new SlimflowPlugin(plugin)],
    // Checkpoints make giving up at once cheap.
    shutdownGraceTime: 0,
    shutdownForceTime: '20 seconds',
  });
  const ended = worker.run().finally(() => connection.close());
  return {
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}
