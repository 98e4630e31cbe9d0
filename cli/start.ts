import { startGuidebook, taskQueueOf } from '../client/start-guidebook';
import { hasWorker } from '../client/queries';
import { workflowLink } from '../server/find-server';
import { openStore } from '../store/open';
import { BadInput, exit } from './exit-status';
import { type StoreFlags, storeAt } from './options';
import { preflight, writable } from './preflight';
import { inSession, toStderr, toStdout } from './temporal-session';

/** What `slimflow start` is told. */
export interface StartFlags extends StoreFlags {
  readonly taskQueue?: string;
}

/** `slimflow start`: starts the guidebook on a spec, or finds the run that is under way, and leaves the work to workers. */
export async function start(specFile: string, flags: StartFlags): Promise<number> {
  const { state, json } = flags;
  const spec = await preflight(specFile);
  const problem = writable(state);
  if (problem) throw new BadInput(`--state ${state} can't be written to: ${problem}`);
  const store = openStore(storeAt(flags));
  return inSession({ state, say: toStderr, isFirst: true }, async ({ client, server }) => {
    const taskQueue = flags.taskQueue ?? (await taskQueueOf(store));
    const { handle, isResumed } = await startGuidebook(client, spec, { store, taskQueue });
    const { workflowId } = handle;
    const ui = workflowLink(server, workflowId);
    if (json) toStdout(JSON.stringify({ workflowId, isResumed, taskQueue, ui }));
    else {
      toStdout(workflowId);
      toStderr(isResumed ? 'This run was under way; it goes on.' : 'Started.');
      if (ui) toStderr(`In Temporal's UI: ${ui}`);
    }
    if (!(await hasWorker(client, taskQueue)))
      toStderr(
        `No worker is there yet: \`slimflow worker\` does the work, as does \`slimflow run ${specFile}\`.`,
      );
    return exit.done;
  });
}
