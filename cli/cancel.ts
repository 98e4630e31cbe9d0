import { observe } from '../client/observe';
import { statusOf } from '../client/run-status';
import { BadInput, exit } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRun } from './temporal-session';
import { workerThere } from './check-worker';

/** `slimflow cancel`: stops a run, and waits until its work has stopped. */
export function cancel(name: string | undefined, { state, json }: RunFlags): Promise<number> {
  return withRun({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    const handle = client.workflow.getHandle(workflowId);
    const description = await handle.describe();
    const before = statusOf(description);
    if (before !== 'running') throw new BadInput(`the run ${workflowId} has ended already: ${before}`);
    await handle.cancel();
    const tell = (status: string, text: string): number => {
      toStdout(json ? JSON.stringify({ workflowId, status }) : text);
      return exit.done;
    };
    const unheard = () =>
      tell(
        'cancelling',
        `${workflowId} will end as soon as a worker comes; none is there, so nothing works for it.`,
      );
    if (!(await workerThere(client, description.taskQueue, signal))) return unheard();
    toStderr('Cancellation is asked for; waiting until the work has stopped.');
    for await (const { end, silent } of observe(client, workflowId, { signal, intervalMs: 250 })) {
      if (silent === 'worker') return unheard();
      if (end) return tell(end.status, `${workflowId}: ${end.status}`);
    }
    return exit.failed;
  });
}
