import { startGuidebook, taskQueueOf } from '../client/start-guidebook';
import { hasWorker } from '../client/queries';
import { workflowLink } from '../server/find-server';
import { openStore } from '../store/open';
import { BadInput, exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { preflight, writeProblem } from './preflight';
import { storeProblem } from './store-problem';
import { withSession, toStderr, toStdout } from './temporal-session';

/** The options of `slimflow start`. */
export interface StartFlags extends StoreFlags {
  readonly taskQueue?: string;
}

/** `slimflow start`: starts the guidebook on a spec, or finds its running run, and leaves the work to workers. */
export async function start(specFile: string, flags: StartFlags): Promise<number> {
  const { state, json } = flags;
  const spec = await preflight(specFile, { quiet: json });
  const problem = writeProblem(state);
  if (problem) throw new BadInput(`--state ${state} is not writable: ${problem}`);
  const ofStore = storeProblem(storeLocation(flags));
  if (ofStore) throw new BadInput(ofStore);
  const store = openStore(storeLocation(flags));
  return withSession({ state, say: toStderr, mayStart: true }, async ({ client, server }) => {
    const taskQueue = flags.taskQueue ?? (await taskQueueOf(store));
    const { handle, isResumed } = await startGuidebook(client, spec, { store, taskQueue });
    const { workflowId } = handle;
    const ui = workflowLink(server, workflowId);
    if (json) toStdout(JSON.stringify({ workflowId, isResumed, taskQueue, ui }));
    else {
      toStdout(workflowId);
      toStderr(isResumed ? 'This run was already running; it continues.' : 'Started.');
      if (ui) toStderr(`In Temporal's UI: ${ui}`);
    }
    if (!(await hasWorker(client, taskQueue)))
      toStderr(
        `No worker is running yet: start \`slimflow worker\`, or \`slimflow run ${specFile}\`, to do the work.`,
      );
    return exitStatus.done;
  });
}
