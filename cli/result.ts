import { resolve } from 'node:path';

import { endOf } from '../client/queries';
import { statusOf } from '../client/run-status';
import { openStore } from '../store/open';
import { BadInput } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { printEnd, exitStatusOf } from './show-run';
import { writeResult } from './write-result';

/** `slimflow result`: prints the result of a run that has ended; with `out`, also writes its files there. */
export function result(
  name: string | undefined,
  flags: StoreFlags & { readonly out?: string },
): Promise<number> {
  const { state, json, out } = flags;
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const handle = client.workflow.getHandle(workflowId);
    const status = statusOf(await handle.describe());
    if (status === 'running')
      throw new BadInput(
        `run ${workflowId} is still running; follow it with \`slimflow watch ${workflowId}\``,
      );
    const end = await endOf(handle, status);
    if (json) toStdout(JSON.stringify(end.result ?? { status, reason: end.reason }));
    else printEnd(end, undefined);
    if (end.result && out !== undefined) {
      const folder = resolve(out);
      const problem = writeProblem(folder);
      if (problem) throw new BadInput(`--out ${out} is not writable: ${problem}`);
      const store = openStore(storeLocation(flags));
      const written = await writeResult(end.result, folder, store);
      (json ? toStderr : toStdout)(`Written: ${written.join(', ')}`);
    }
    return exitStatusOf(end);
  });
}
