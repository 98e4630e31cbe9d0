import { ServiceError } from '@temporalio/client';

import { listRuns, type ListedRun, type RunFilter } from '../client/list-runs';
import { runsTable } from '../report/run-list';
import { BadInput, exit } from './exit-status';
import type { RunFlags } from './options';
import { inSession, toStderr, toStdout } from './temporal-session';

export type ListFlags = RunFlags & RunFilter & { readonly limit: number };

/** `slimflow list`: the runs in the namespace, those that go on first, then the latest. */
export function list({ state, json, limit, ...filter }: ListFlags): Promise<number> {
  return inSession({ state, say: toStderr }, async ({ client, signal }) => {
    const runs: ListedRun[] = [];
    let more = false;
    try {
      await client.withAbortSignal(signal, async () => {
        for await (const run of listRuns(client, filter)) {
          more = runs.length === limit;
          if (more) break;
          runs.push(run);
        }
      });
    } catch (error) {
      throw refusal(error, filter) ?? error;
    }
    if (json) runs.forEach((run) => toStdout(JSON.stringify(run)));
    else toStdout(runs.length ? runsTable(runs) : 'No run is like that.');
    if (more) toStderr(`There are more than ${limit}; --limit shows them.`);
    return exit.done;
  });
}

/** A query that the server does not take is the user's. */
function refusal(error: unknown, { query }: RunFilter): BadInput | undefined {
  if (query === undefined || !(error instanceof ServiceError)) return undefined;
  const { details } = error.cause as { details?: string };
  return new BadInput(
    `--query ${query} is refused: ${details}; Slimflow's search attributes are there after \`slimflow setup\``,
    { cause: error },
  );
}
