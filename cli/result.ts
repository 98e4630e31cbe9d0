import { join, resolve } from 'node:path';

import { openStore } from '../store/open';
import { endOfRun } from './end-of-run';
import { BadInput } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { printEnd, exitStatusOf } from './show-run';
import { writeReport } from './write-report';
import { writeResult } from './write-result';

/** `slimflow result`: prints the result of a run that has ended; with `out`, also writes its files there. */
export function result(
  name: string | undefined,
  flags: StoreFlags & { readonly out?: string },
): Promise<number> {
  const { state, json, out } = flags;
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const end = await endOfRun(client, workflowId);
    const { status, reason } = end;
    if (json) toStdout(JSON.stringify(end.result ?? { status, reason }));
    else printEnd(end, undefined);
    if (end.result && out !== undefined) {
      const folder = resolve(out);
      const problem = writeProblem(folder);
      if (problem) throw new BadInput(`--out ${out} is not writable: ${problem}`);
      const store = openStore(storeLocation(flags));
      const written = [
        ...(await writeResult(end.result, folder, store)),
        await writeReport(client, end.result, join(folder, 'report.html'), store),
      ];
      (json ? toStderr : toStdout)(`Written: ${written.join(', ')}`);
    }
    return exitStatusOf(end);
  });
}
