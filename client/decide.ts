import {
  type Client,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';

import {
  type AddCandidate,
  addCandidateUpdate,
  approvePicksUpdate,
  approveSelectionUpdate,
  type ByPerson,
  type ChangeTargets,
  changeTargetsUpdate,
  finishEarlyUpdate,
  type PauseRequest,
  pauseSignal,
  progressQuery,
  type ResumeRequest,
  resumeSignal,
  skipCandidateUpdate,
} from '../contract/messages';
import { reasonOf } from '../contract/failure-reason';

/** The run rejected the request; nothing changed. The message is its reason, in a sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Input of `approve`. If both fields are left out, it approves what the run is waiting for, as proposed. */
export interface Approval extends ByPerson {
  /** Candidates that proceed to channel pruning. */
  readonly picks?: readonly string[];
  /** The candidate to be the result. */
  readonly select?: string;
}

/** Changes made by `adjust`, in this order: targets, candidates to add, candidates to skip. */
export interface Adjustment extends ChangeTargets {
  readonly add?: readonly Pick<AddCandidate, 'technique' | 'asked' | 'parent'>[];
  readonly skip?: readonly string[];
}

/** Time in ms to wait for an answer: long enough for a busy worker; without a worker no run can answer. */
const patience = 30_000;

/**
 * Approves picks, or a selection, of the run with workflow id `id`, and returns what was approved.
 * @throws Refused with the run's reason
 * @example
 * ```ts
 * import { approve, Refused } from 'slimflow';
 *
 * try {
 *   console.log(await approve(client, workflowId, { picks: ['ssvd-0.75'], by: 'Ann', note: 'small enough' }));
 * } catch (error) {
 *   if (!(error instanceof Refused)) throw error;
 *   console.log(error.message); // nothing changed
 * }
 * ```
 */
export async function approve(
  client: Client,
  id: string,
  { picks, select, ...person }: Approval,
): Promise<string> {
  if (picks && select !== undefined)
    throw new Refused('approve picks and a selection one after the other, picks first');
  if (picks) return update(client, id, approvePicksUpdate, { ...person, picks });
  if (select !== undefined)
    return update(client, id, approveSelectionUpdate, { ...person, candidate: select });
  const { waiting } = await answered(client, id, () => client.workflow.getHandle(id).query(progressQuery));
  if (!waiting)
    throw new Refused(
      `${id} is not waiting for an approval: to approve ahead, name the picks or the selection`,
    );
  return waiting.for === 'picks'
    ? update(client, id, approvePicksUpdate, person)
    : update(client, id, approveSelectionUpdate, person);
}

/**
 * Changes targets, adds candidates and skips some, each as a separate update, and returns a sentence for each.
 * @throws Refused with the run's reason; its message says what was done before
 * @example
 * ```ts
 * import { adjust } from 'slimflow';
 *
 * const add = [{ technique: 'spatial-svd', asked: 0.8, parent: null }] as const;
 * for (const sentence of await adjust(client, workflowId, { tolerance: 90, add, by: 'Ann' })) console.log(sentence);
 * ```
 */
export async function adjust(
  client: Client,
  id: string,
  { add = [], skip = [], by, note, ...changes }: Adjustment,
): Promise<string[]> {
  const person = { by, note };
  const changesTargets = Object.values(changes).some((value) => value !== undefined);
  const steps = [
    ...(changesTargets ? [() => update(client, id, changeTargetsUpdate, { ...changes, ...person })] : []),
    ...add.map((one) => () => update(client, id, addCandidateUpdate, { ...one, ...person })),
    ...skip.map((one) => () => update(client, id, skipCandidateUpdate, { id: one, ...person })),
  ];
  if (!steps.length)
    throw new Refused('nothing to change: name targets, candidates to add, or candidates to skip');
  const done: string[] = [];
  for (const step of steps)
    try {
      done.push(await step());
    } catch (error) {
      if (!(error instanceof Refused) || !done.length) throw error;
      throw new Refused(`${error.message} (already done: ${done.join('; ')})`, { cause: error });
    }
  return done;
}

/**
 * Selects the best of the candidates finished so far.
 * @throws Refused with the run's reason
 * @example
 * ```ts
 * import { finishEarly } from 'slimflow';
 *
 * console.log(await finishEarly(client, workflowId, { by: 'Ann', note: 'the demo is today' }));
 * ```
 */
export const finishEarly = (client: Client, id: string, person: ByPerson): Promise<string> =>
  update(client, id, finishEarlyUpdate, person);

/**
 * Keeps the run from starting anything until it is resumed; what is running finishes. A run that is already paused
 * stays so.
 * @throws Refused if there is no such run, or it has ended
 * @example
 * ```ts
 * import { pause, resume } from 'slimflow';
 *
 * await pause(client, workflowId, { by: 'Ann', reason: 'the GPU is needed' });
 * await resume(client, workflowId, { by: 'Ann' });
 * ```
 */
export const pause = (client: Client, id: string, request: PauseRequest): Promise<void> =>
  answered(client, id, () => client.workflow.getHandle(id).signal(pauseSignal, request));

/**
 * Resumes a paused run.
 * @throws Refused if there is no such run, or it has ended
 */
export const resume = (client: Client, id: string, request: ResumeRequest): Promise<void> =>
  answered(client, id, () => client.workflow.getHandle(id).signal(resumeSignal, request));

/**
 * Asks a run to stop. It has ended once its children and activities have stopped; the query `progress`, and `reached`
 * in its memo, say how far it came.
 * @throws Refused if there is no such run, or it has ended
 * @example
 * ```ts
 * import { cancel } from 'slimflow';
 *
 * await cancel(client, workflowId);
 * ```
 */
export const cancel = (client: Client, id: string): Promise<void> =>
  answered(client, id, async () => {
    const handle = client.workflow.getHandle(id);
    const { status } = await handle.describe();
    // The server accepts this for a run that has ended too, and does nothing.
    if (status.name !== 'RUNNING') throw isOver(id, status.name);
    await handle.cancel();
  });

const update = <Request>(
  client: Client,
  id: string,
  definition: UpdateDefinition<string, [Request]>,
  request: Request,
): Promise<string> =>
  answered(client, id, () =>
    client.withDeadline(Date.now() + patience, () =>
      client.workflow.getHandle(id).executeUpdate(definition, { args: [request] }),
    ),
  );

/** Turns the reason why a run can't do as requested into a sentence. */
async function answered<T>(client: Client, id: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new Refused(reasonOf(error), { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw new Error(
        `no worker answered for ${id} within ${patience / 1000} s: check that one is running, and whether the request was applied, before repeating it`,
        { cause: error },
      );
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const found = await client.workflow
      .getHandle(id)
      .describe()
      .catch(() => undefined);
    throw found ? isOver(id, found.status.name) : new Refused(`run ${id} does not exist`, { cause: error });
  }
}

const isOver = (id: string, status: string): Refused =>
  new Refused(`run ${id} has ended: its status is ${status.toLowerCase()}`);
