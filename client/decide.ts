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

/** What a run did not take, and so did not change anything by; the message is its reason, in a sentence. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** What `approve` approves: what is left out of both fields is what the run waits for, as it proposes it. */
export interface Approval extends ByPerson {
  /** Candidates that go on to channel pruning. */
  readonly picks?: readonly string[];
  /** The candidate that is the result. */
  readonly select?: string;
}

/** What `adjust` changes, in this order: targets, candidates to add, candidates to skip. */
export interface Adjustment extends ChangeTargets {
  readonly add?: readonly Pick<AddCandidate, 'technique' | 'asked' | 'parent'>[];
  readonly skip?: readonly string[];
}

/** Long enough for a worker that is busy; without one no run can answer. */
const patience = 30_000;

/**
 * Approves picks, or a selection, of the run with the workflow id `id`, and answers with what was approved.
 * @throws Refused with the run's reason
 */
export async function approve(
  client: Client,
  id: string,
  { picks, select, ...person }: Approval,
): Promise<string> {
  if (picks && select !== undefined)
    throw new Refused('picks and a selection are approved one after the other: picks come first');
  if (picks) return update(client, id, approvePicksUpdate, { ...person, picks });
  if (select !== undefined)
    return update(client, id, approveSelectionUpdate, { ...person, candidate: select });
  const { waiting } = await answered(client, id, () => client.workflow.getHandle(id).query(progressQuery));
  if (!waiting)
    throw new Refused(`${id} waits for no approval: name the picks or the selection to approve ahead`);
  return waiting.for === 'picks'
    ? update(client, id, approvePicksUpdate, person)
    : update(client, id, approveSelectionUpdate, person);
}

/**
 * Changes targets, adds candidates and skips some, each as an update of its own, and answers with a sentence for each.
 * @throws Refused with the run's reason; its message says what was done before
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
  if (!steps.length) throw new Refused('there is nothing to change');
  const done: string[] = [];
  for (const step of steps)
    try {
      done.push(await step());
    } catch (error) {
      if (!(error instanceof Refused) || !done.length) throw error;
      throw new Refused(`${error.message} (done before: ${done.join('; ')})`, { cause: error });
    }
  return done;
}

/**
 * Takes the best of the candidates that are done.
 * @throws Refused with the run's reason
 */
export const finishEarly = (client: Client, id: string, person: ByPerson): Promise<string> =>
  update(client, id, finishEarlyUpdate, person);

/**
 * Lets the run begin nothing until it is resumed; what runs ends. A run that is paused stays so.
 * @throws Refused when there is no such run, or it is over
 */
export const pause = (client: Client, id: string, request: PauseRequest): Promise<void> =>
  answered(client, id, () => client.workflow.getHandle(id).signal(pauseSignal, request));

/**
 * Lets a paused run go on.
 * @throws Refused when there is no such run, or it is over
 */
export const resume = (client: Client, id: string, request: ResumeRequest): Promise<void> =>
  answered(client, id, () => client.workflow.getHandle(id).signal(resumeSignal, request));

/**
 * Asks a run to stop. It is over once its children and activities have stopped; the query `progress`, and `reached` in
 * its memo, say how far it came.
 * @throws Refused when there is no such run, or it is over
 */
export const cancel = (client: Client, id: string): Promise<void> =>
  answered(client, id, async () => {
    const handle = client.workflow.getHandle(id);
    const { status } = await handle.describe();
    // The server takes this from a run that is over too, and does nothing.
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

/** Turns what keeps a run from doing as asked into a sentence. */
async function answered<T>(client: Client, id: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) throw new Refused(reasonOf(error), { cause: error });
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      throw new Error(
        `no worker answered for ${id} within ${patience / 1000} s: see that one runs, and whether it took this, before asking again`,
        { cause: error },
      );
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    const found = await client.workflow
      .getHandle(id)
      .describe()
      .catch(() => undefined);
    throw found ? isOver(id, found.status.name) : new Refused(`there is no run ${id}`, { cause: error });
  }
}

const isOver = (id: string, status: string): Refused =>
  new Refused(`the run ${id} is over: it is ${status.toLowerCase()}`);
