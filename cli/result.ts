import type { Client } from '@temporalio/client';
import { resolve } from 'node:path';

import type { RunEnd } from '../client/observation';
import { runSources } from '../client/run-sources';
import { chosenLayersTable } from '../report/chosen-layers';
import { layersOf } from '../report/html/data/layers';
import { openStore } from '../store/open';
import { endOfRun } from './end-of-run';
import { BadInput } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { printEnd, exitStatusOf } from './show-run';
import { writeFiles } from './write-report';

/** Flags of `slimflow result`. */
export interface ResultFlags extends StoreFlags {
  readonly out?: string;
  readonly layers?: boolean;
}

/**
 * `slimflow result`: prints the result of a run that has ended, or with `layers` what became of each layer; with `out`,
 * also writes its files there.
 */
export function result(name: string | undefined, flags: ResultFlags): Promise<number> {
  const { state, json, out } = flags;
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    const end = await endOfRun(client, workflowId);
    const { status, reason } = end;
    if (flags.layers) await printLayers(client, workflowId, end, flags);
    else if (json) toStdout(JSON.stringify(end.result ?? { status, reason }));
    else printEnd(end, undefined);
    if (end.result && out !== undefined) {
      const folder = resolve(out);
      const problem = writeProblem(folder);
      if (problem) throw new BadInput(`--out ${out} is not writable: ${problem}`);
      const store = openStore(storeLocation(flags));
      const written = await writeFiles(client, end.result, folder, store, signal);
      (json ? toStderr : toStdout)(`Written: ${written.join(', ')}`);
    }
    return exitStatusOf(end);
  });
}

/** Prints what became of each layer in the selected model. @throws BadInput if none was selected, or it is gone */
async function printLayers(
  client: Client,
  workflowId: string,
  { result: ended, status, reason }: RunEnd,
  flags: ResultFlags,
): Promise<void> {
  if (!ended) throw new BadInput(`run ${workflowId} has no layers to show: it is ${status}, ${reason}`);
  if (ended.selected === null)
    throw new BadInput(`run ${workflowId} has no layers to show: no model was selected`);
  const sources = await runSources(client, ended, openStore(storeLocation(flags)));
  const layers = layersOf(sources);
  if (!layers?.compared)
    throw new BadInput(`run ${workflowId} has no layers to show: ${sources.missing.join('; ')}`);
  toStdout(flags.json ? JSON.stringify(layers.rows) : chosenLayersTable(layers));
}
