/**
 * A worker that the chaos suite kills:
 *
 *     node worker.js ADDRESS TASK_QUEUE STORE
 */
import { allInOne } from '../../workers/all-in-one';

async function main([address, taskQueue, store]: readonly string[]): Promise<void> {
  // Stands in for `slimflow worker --queue all`. Threads and slots are the same on every machine, so that numbers are too.
  const worker = await allInOne({
    connection: { address },
    namespace: 'default',
    taskQueue,
    store,
    slots: 2,
    threads: 1,
  });
  process.once('SIGTERM', () => void worker.stop());
  await worker.ended;
}

void main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
