import { resolve } from 'node:path';

import { endOf } from '../client/queries';
import { statusOf } from '../client/run-status';
import { openStore } from '../store/open';
import { BadInput } from './exit-status';
import { type StoreFlags, storeAt } from './options';
import { writable } from './preflight';
import { toStderr, toStdout, withRun } from './temporal-session';
import { conclude, exitOf } from './show-run';
import { writeResult } from './write-result';

/** `slimflow result`: what a run that ended came to; with `out`, its files written there as `slimflow run` does. */
export function result(
  name: string | undefined,
  flags: StoreFlags & { readonly out?: string },
): Promise<number> {
  const { state, json, out } = flags;
  return withRun({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const handle = client.workflow.getHandle(workflowId);
    const status = statusOf(await handle.describe());
    if (status === 'running')
      throw new BadInput(
        `the run ${workflowId} goes on; \`slimflow watch ${workflowId}\` follows it to its end`,
      );
    const end = await endOf(handle, status);
    if (json) toStdout(JSON.stringify(end.result ?? { status, reason: end.reason }));
    else conclude(end, undefined);
    if (end.result && out !== undefined) {
      const folder = resolve(out);
      const problem = writable(folder);
      if (problem) throw new BadInput(`--out ${out} can't be written to: ${problem}`);
      const store = openStore(storeAt(flags));
      const written = await writeResult(end.result, folder, store);
      (json ? toStderr : toStdout)(`Written: ${written.join(', ')}`);
    }
    return exitOf(end);
  });
}
