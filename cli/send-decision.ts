import type { Client } from '@temporalio/client';

import { identity } from '../server/connect';
import { statusOf } from '../client/run-status';
import {
  adjust,
  type Adjustment,
  type Approval,
  approve,
  finishEarly,
  pause,
  Refused,
  resume,
} from '../client/decide';
import { BadInput, exitStatus } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { waitForWorker } from './check-worker';

type Name = string | undefined;
/** The options of a command that sends a request; `by` is added when it is sent. */
type RequestFlags<Request> = RunFlags & Omit<Request, 'by'>;

/** `slimflow approve`: approves the picks or the selection that a run proposes, or sets others. */
export const approveRun = (name: Name, flags: RequestFlags<Approval>): Promise<number> =>
  sendUpdate(name, flags, async (client, id, request) => [await approve(client, id, request)]);

/** `slimflow adjust`: changes the targets or candidates of a run. */
export const adjustRun = (name: Name, flags: RequestFlags<Adjustment>): Promise<number> =>
  sendUpdate(name, flags, adjust);

/** `slimflow finish`: ends a run with the best candidate so far. */
export const finishRun = (name: Name, flags: RequestFlags<{ readonly note?: string }>): Promise<number> =>
  sendUpdate(name, flags, async (client, id, request) => [await finishEarly(client, id, request)]);

/** `slimflow pause`: starts nothing new until `slimflow resume`. */
export const pauseRun = (name: Name, flags: RequestFlags<{ readonly reason?: string }>): Promise<number> =>
  sendSignal(name, flags, 'paused', pause);

/** `slimflow resume`: continues a paused run. */
export const resumeRun = (name: Name, flags: RunFlags): Promise<number> =>
  sendSignal(name, flags, 'resumed', resume);

/** Sends an update to a run, and prints its answers. */
function sendUpdate<Request extends object>(
  name: Name,
  { state, json, ...request }: RunFlags & Request,
  send: (client: Client, id: string, request: Request & { readonly by: string }) => Promise<string[]>,
): Promise<number> {
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    await requireWorker(client, workflowId, signal);
    const by = identity();
    const answers = await refusalAsBadInput(
      send(client, workflowId, { ...(request as unknown as Request), by }),
    );
    if (json) toStdout(JSON.stringify({ workflowId, by, answers }));
    else answers.forEach(toStdout);
    return exitStatus.done;
  });
}

/** Sends a signal to a run, which does not answer, and prints `done`. */
function sendSignal<Request extends object>(
  name: Name,
  { state, json, ...request }: RunFlags & Request,
  done: string,
  send: (client: Client, id: string, request: Request & { readonly by: string }) => Promise<void>,
): Promise<number> {
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const by = identity();
    await refusalAsBadInput(send(client, workflowId, { ...(request as unknown as Request), by }));
    toStdout(json ? JSON.stringify({ workflowId, by, status: done }) : `${workflowId}: ${done}`);
    return exitStatus.done;
  });
}

/** Makes sure that a worker can answer an update, which would otherwise wait forever. */
async function requireWorker(client: Client, workflowId: string, signal: AbortSignal): Promise<void> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (statusOf(description) === 'running' && !(await waitForWorker(client, description.taskQueue, signal)))
    throw new Error(`no worker is running to pass this on to ${workflowId}: start \`slimflow worker\``);
}

const refusalAsBadInput = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    throw error instanceof Refused ? new BadInput(error.message, { cause: error }) : error;
  });
