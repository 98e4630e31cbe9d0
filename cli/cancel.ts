import { observe } from '../client/observe';
import { statusOf } from '../client/run-status';
import { BadInput, exitStatus } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { waitForWorker } from './check-worker';

/** `slimflow cancel`: cancels a run, and waits until its work has stopped. */
export function cancel(name: string | undefined, { state, json }: RunFlags): Promise<number> {
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    const handle = client.workflow.getHandle(workflowId);
    const description = await handle.describe();
    const before = statusOf(description);
    if (before !== 'running') throw new BadInput(`run ${workflowId} has already ended: ${before}`);
    await handle.cancel();
    const print = (status: string, text: string) =>
      toStdout(json ? JSON.stringify({ workflowId, status }) : text);
    const printPending = () => {
      print(
        'cancelling',
        `${workflowId} will end once a worker runs; none is running now, so no work is in progress.`,
      );
      return exitStatus.done;
    };
    if (!(await waitForWorker(client, description.taskQueue, signal))) return printPending();
    toStderr('Cancellation requested; waiting until the work has stopped.');
    for await (const { end, silent } of observe(client, workflowId, { signal, intervalMs: 250 })) {
      if (silent === 'worker') return printPending();
      if (!end) continue;
      print(end.status, `${workflowId}: ${end.status}`);
      // It may have ended by itself in the meantime.
      return end.status === 'failed' ? exitStatus.failed : exitStatus.done;
    }
    return exitStatus.failed;
  });
}
