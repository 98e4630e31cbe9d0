import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ListedRun, listRuns } from './list-runs';
import { tolerant } from './tolerant';

/** No run, or more than one, was meant; the message lists the runs. */
export class NoSuchRun extends Error {
  override readonly name = 'NoSuchRun';
}

/** Most runs listed if a name may mean several. */
const shown = 10;
/** Time in ms by which the list of runs may lag behind. */
const lagMs = 2000;

/**
 * Finds the workflow id of the run that a person means.
 * @param name the id, a unique part of it (such as the digest or the model's name), or undefined if exactly one run is
 * running or exists
 * @throws NoSuchRun
 * @example
 * ```ts
 * import { findRun } from 'slimflow';
 *
 * console.log(await findRun(client, workflowId.slice(0, -2)));
 * ```
 */
export async function findRun(client: Client, name?: string): Promise<string> {
  // The server finds an id at once; the list lags behind, and may be long.
  if (name !== undefined && (await exists(client, name))) return name;
  for (let waited = 0; ; waited += 250) {
    const runs: ListedRun[] = [];
    for await (const run of listRuns(client)) runs.push(run);
    const found = chooseRun(runs, name);
    if (typeof found === 'string') return found;
    if (found.candidates.length || waited >= lagMs) throw new NoSuchRun(sentence(found, runs, name));
    await sleep(250);
  }
}

/** Returns the workflow id that is meant, or all that may be. */
export function chooseRun(
  runs: readonly Pick<ListedRun, 'workflowId' | 'status'>[],
  name?: string,
): string | { readonly candidates: readonly string[] } {
  const idsOf = (some: typeof runs) => [...new Set(some.map(({ workflowId }) => workflowId))];
  const fits = name === undefined ? runs : runs.filter(({ workflowId }) => workflowId.includes(name));
  const ids = idsOf(fits);
  const going = idsOf(fits.filter(({ status }) => status === 'running'));
  if (ids.length === 1) return ids[0];
  // Without a name, people mostly mean the run in progress.
  if (name === undefined && going.length === 1) return going[0];
  return { candidates: going.length > 1 && name === undefined ? going : ids };
}

function sentence(
  { candidates }: { readonly candidates: readonly string[] },
  runs: readonly ListedRun[],
  name: string | undefined,
): string {
  const list = (ids: readonly string[]) =>
    [...ids.slice(0, shown), ...(ids.length > shown ? ['…'] : [])].map((id) => `\n  ${id}`).join('');
  const all = [...new Set(runs.map(({ workflowId }) => workflowId))];
  if (!all.length) return 'there are no runs; start one with `slimflow run SPEC`';
  if (!candidates.length) return `no run is named ${name}; the runs are${list(all)}`;
  return `${name === undefined ? 'there are several runs' : `${name} matches several runs`}; name one:${list(candidates)}`;
}

const exists = (client: Client, workflowId: string): Promise<boolean> =>
  tolerant(client)
    .getHandle(workflowId)
    .describe()
    .then(
      ({ type }) => type === 'guidebook',
      (error) => {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      },
    );
