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
import { BadInput, exit } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRun } from './temporal-session';
import { workerThere } from './check-worker';

type Name = string | undefined;
/** What a command takes beside what it asks, and who asks. */
type Asked<Request> = RunFlags & Omit<Request, 'by'>;

/** `slimflow approve`: the picks or the selection that a run waits with, or others. */
export const approveRun = (name: Name, flags: Asked<Approval>): Promise<number> =>
  asking(name, flags, async (client, id, request) => [await approve(client, id, request)]);

/** `slimflow adjust`: other targets, candidates more or fewer. */
export const adjustRun = (name: Name, flags: Asked<Adjustment>): Promise<number> =>
  asking(name, flags, adjust);

/** `slimflow finish`: the best so far is taken. */
export const finishRun = (name: Name, flags: Asked<{ readonly note?: string }>): Promise<number> =>
  asking(name, flags, async (client, id, request) => [await finishEarly(client, id, request)]);

/** `slimflow pause`: nothing new is begun until `slimflow resume`. */
export const pauseRun = (name: Name, flags: Asked<{ readonly reason?: string }>): Promise<number> =>
  telling(name, flags, 'paused', pause);

/** `slimflow resume`: a paused run goes on. */
export const resumeRun = (name: Name, flags: RunFlags): Promise<number> =>
  telling(name, flags, 'resumed', resume);

/** Asks something that the run answers, and says its answers. */
function asking<Request extends object>(
  name: Name,
  { state, json, ...request }: RunFlags & Request,
  ask: (client: Client, id: string, request: Request & { readonly by: string }) => Promise<string[]>,
): Promise<number> {
  return withRun({ state, say: toStderr }, name, async (workflowId, { client, signal }) => {
    await needWorker(client, workflowId, signal);
    const by = identity();
    const answers = await refusable(ask(client, workflowId, { ...(request as unknown as Request), by }));
    if (json) toStdout(JSON.stringify({ workflowId, by, answers }));
    else answers.forEach(toStdout);
    return exit.done;
  });
}

/** Tells a run something that it does not answer. */
function telling<Request extends object>(
  name: Name,
  { state, json, ...request }: RunFlags & Request,
  done: string,
  tell: (client: Client, id: string, request: Request & { readonly by: string }) => Promise<void>,
): Promise<number> {
  return withRun({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const by = identity();
    await refusable(tell(client, workflowId, { ...(request as unknown as Request), by }));
    toStdout(json ? JSON.stringify({ workflowId, by, status: done }) : `${workflowId}: ${done}`);
    return exit.done;
  });
}

/** An update waits for a worker to take it up, which may be for ever. */
async function needWorker(client: Client, workflowId: string, signal: AbortSignal): Promise<void> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (statusOf(description) === 'running' && !(await workerThere(client, description.taskQueue, signal)))
    throw new Error(`no worker is there for ${workflowId} to hear of it: start \`slimflow worker\``);
}

const refusable = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    throw error instanceof Refused ? new BadInput(error.message, { cause: error }) : error;
  });
