import { NativeConnection, Worker } from '@temporalio/worker';

import type { AllInOneOptions } from './all-in-one';
import type { RunningWorker } from './serve';
import { payloadConverterPath, workflowCode } from './workflow-bundle';

/**
 * Starts a worker that only runs workflow code: it answers queries, such as those of Temporal's UI for the current
 * details of a run, even for runs that have ended. Activities are left to other workers.
 */
export async function answering({
  connection: options,
  namespace,
  dataConverter,
  taskQueue,
}: Pick<AllInOneOptions, 'connection' | 'namespace' | 'dataConverter' | 'taskQueue'>): Promise<
  Pick<RunningWorker, 'ended' | 'stop'>
> {
  const connection = await NativeConnection.connect(options);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    dataConverter: { payloadConverterPath, ...dataConverter },
    ...workflowCode(dataConverter),
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
