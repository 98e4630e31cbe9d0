import { ServiceError } from '@temporalio/client';

import { listRuns, type ListedRun, type RunFilter } from '../client/list-runs';
import { runsTable } from '../report/run-list';
import { BadInput, exitStatus } from './exit-status';
import type { RunFlags } from './options';
import { withSession, toStderr, toStdout } from './temporal-session';

export type ListFlags = RunFlags & RunFilter & { readonly limit: number };

/** `slimflow list`: lists the runs of the namespace, running ones first, then the latest. */
export function list({ state, json, limit, ...filter }: ListFlags): Promise<number> {
  return withSession({ state, say: toStderr }, async ({ client, signal }) => {
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
    else toStdout(runs.length ? runsTable(runs) : 'No matching runs.');
    if (more) toStderr(`There are more than ${limit} runs; --limit shows more.`);
    return exitStatus.done;
  });
}

/** Returns the server's refusal of a query as an error of the user's input. */
function refusal(error: unknown, { query }: RunFilter): BadInput | undefined {
  if (query === undefined || !(error instanceof ServiceError)) return undefined;
  const { details } = error.cause as { details?: string };
  return new BadInput(
    `the server refused --query ${query}: ${details}; \`slimflow setup\` adds Slimflow's search attributes`,
    { cause: error },
  );
}
