import { dirname, resolve } from 'node:path';

import { openStore } from '../store/open';
import { BadInput, exitStatus } from './exit-status';
import { endOfRun } from './end-of-run';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { reportSources, writeReport } from './write-report';

/** Flags of `slimflow report`. */
export interface ReportFlags extends StoreFlags {
  readonly out: string;
  /** Maximum number of samples whose predictions are compared; 0 for none. */
  readonly samples?: number;
}

/** `slimflow report`: writes the report of a run that has ended, whether or not it met its requirement. */
export function report(name: string | undefined, flags: ReportFlags): Promise<number> {
  const { state, json, out, samples } = flags;
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    const { result, reason, status } = await endOfRun(client, workflowId);
    if (!result)
      throw new BadInput(`run ${workflowId} has no result to report on: it is ${status}, ${reason}`);
    const file = resolve(out);
    const problem = writeProblem(dirname(file));
    if (problem) throw new BadInput(`--out ${out} is not writable: ${problem}`);
    const store = openStore(storeLocation(flags));
    const written = await writeReport(await reportSources(client, result, store, { samples, signal }), file);
    toStdout(json ? JSON.stringify({ workflowId, report: written }) : `Written: ${written}`);
    return exitStatus.done;
  });
}
