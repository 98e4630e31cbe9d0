import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';

import type { Technique } from '../engine/jobs/method';
import { reasonOf } from '../workflows/reason';
import type { LiveProgress } from './observation';
import { hasWorker, progressOf } from './questions';
import { statusOf } from './status';

/** Who says something, and why. */
interface Said {
  readonly by: string;
  readonly note?: string;
}

/** What can be asked of a run by an update, by the update's name. */
export interface Updates {
  readonly approvePicks: Said & { readonly picks?: readonly string[] };
  readonly approveSelection: Said & { readonly candidate?: string };
  readonly changeTargets: Said & {
    readonly target?: number;
    readonly tolerance?: number;
    readonly ssvdTargets?: readonly number[];
    readonly ccpFactors?: readonly number[];
  };
  readonly addCandidate: Said & {
    readonly technique: Technique;
    readonly asked: number;
    readonly parent: string | null;
  };
  readonly skipCandidate: Said & { readonly id: string };
  readonly finishEarly: Said;
}

/** And by a signal. */
export interface Signals {
  readonly pause: { readonly by: string; readonly reason?: string };
  readonly resume: { readonly by: string };
}

/** One update, with what it asks. */
export type Ask = { [Name in keyof Updates]: { readonly update: Name; readonly args: Updates[Name] } }[keyof Updates];

/** The run does not do what it was asked; the message has its reason. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/**
 * Asks something of a run, and waits for what it says that it did.
 * @throws Refused when the run refuses, has ended, or has no worker to hear of it
 */
export async function ask(client: Client, workflowId: string, { update, args }: Ask): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    await needWorker(client, workflowId);
    return await handle.executeUpdate<string, [typeof args]>(update, { args: [args] });
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new Refused(reasonOf(error), { cause: error });
    throw error instanceof WorkflowNotFoundError ? over(workflowId, error) : error;
  }
}

/**
 * What a run waits for a person to approve of, if anything.
 * @throws Refused when it has no worker to answer
 */
export async function awaitedApproval(
  client: Client,
  workflowId: string,
): Promise<'picks' | 'selection' | undefined> {
  await needWorker(client, workflowId);
  const progress = (await progressOf(client.workflow.getHandle(workflowId))) as LiveProgress;
  return progress.waiting?.for;
}

/** Questions wait for a worker to take them up, which may be for ever. */
async function needWorker(client: Client, workflowId: string): Promise<void> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (statusOf(description) === 'running' && !(await hasWorker(client, description.taskQueue)))
    throw new Refused(
      `no worker is there for ${workflowId}, and without one nothing can be asked of it: start \`slimflow worker\``,
    );
}

/**
 * Tells a run something, without waiting for it.
 * @throws Refused when the run has ended
 */
export async function signal<Name extends keyof Signals>(
  client: Client,
  workflowId: string,
  name: Name,
  args: Signals[Name],
): Promise<void> {
  await client.workflow
    .getHandle(workflowId)
    .signal(name, args)
    .catch((error) => {
      throw error instanceof WorkflowNotFoundError ? over(workflowId, error) : error;
    });
}

const over = (workflowId: string, cause: Error): Refused =>
  new Refused(`the run ${workflowId} has ended: nothing can be asked of it`, { cause });
