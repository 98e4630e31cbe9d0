import { type Client, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';

import type { Technique } from '../engine/jobs/method';
import { reasonOf } from '../workflows/reason';
import type { LiveProgress } from './observation';
import { progressOf } from './questions';

/** The run does not do what it was asked; the message has its reason. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** Who asks, and why. */
interface ByPerson {
  readonly by: string;
  readonly note?: string;
}

export interface Approval extends ByPerson {
  readonly picks?: readonly string[];
  readonly select?: string;
}

export interface Adjustment extends ByPerson {
  readonly target?: number;
  readonly tolerance?: number;
  readonly ssvdTargets?: readonly number[];
  readonly ccpFactors?: readonly number[];
  readonly add?: readonly { technique: Technique; asked: number; parent: string | null }[];
  readonly skip?: readonly string[];
}

/**
 * Approves of picks, of a selection, or of what the run waits with.
 * @throws Refused
 */
export async function approve(
  client: Client,
  id: string,
  { picks, select, ...person }: Approval,
): Promise<string> {
  if (picks && select !== undefined)
    throw new Refused('picks and a selection are approved one after the other: picks come first');
  if (picks) return update(client, id, 'approvePicks', { ...person, picks });
  if (select !== undefined) return update(client, id, 'approveSelection', { ...person, candidate: select });
  const { waiting } = (await progressOf(client.workflow.getHandle(id))) as LiveProgress;
  if (!waiting) throw new Refused(`${id} waits for no approval`);
  return update(client, id, waiting.for === 'picks' ? 'approvePicks' : 'approveSelection', person);
}

/**
 * Changes targets, adds candidates and skips some, each by an update of its own; an answer for each.
 * @throws Refused
 */
export async function adjust(
  client: Client,
  id: string,
  { add = [], skip = [], by, note, ...changes }: Adjustment,
): Promise<string[]> {
  const person = { by, note };
  const steps: [string, object][] = [
    ...(Object.values(changes).some((value) => value !== undefined)
      ? [['changeTargets', { ...changes, ...person }] satisfies [string, object]]
      : []),
    ...add.map((one): [string, object] => ['addCandidate', { ...one, ...person }]),
    ...skip.map((one): [string, object] => ['skipCandidate', { id: one, ...person }]),
  ];
  if (!steps.length) throw new Refused('there is nothing to change');
  const answers: string[] = [];
  for (const [name, request] of steps) answers.push(await update(client, id, name, request));
  return answers;
}

/** Takes the best of the candidates that are done. @throws Refused */
export const finishEarly = (client: Client, id: string, person: ByPerson): Promise<string> =>
  update(client, id, 'finishEarly', person);

/** Lets the run begin nothing until it is resumed. @throws Refused */
export const pause = (
  client: Client,
  id: string,
  request: { readonly by: string; readonly reason?: string },
): Promise<void> => answered(id, client.workflow.getHandle(id).signal('pause', request));

/** Lets a paused run go on. @throws Refused */
export const resume = (client: Client, id: string, request: { readonly by: string }): Promise<void> =>
  answered(id, client.workflow.getHandle(id).signal('resume', request));

const update = (client: Client, id: string, name: string, request: object): Promise<string> =>
  answered(id, client.workflow.getHandle(id).executeUpdate<string, [object]>(name, { args: [request] }));

const answered = <T>(id: string, asking: Promise<T>): Promise<T> =>
  asking.catch((error) => {
    if (error instanceof WorkflowUpdateFailedError) throw new Refused(reasonOf(error), { cause: error });
    if (error instanceof WorkflowNotFoundError)
      throw new Refused(`the run ${id} is over: nothing can be asked of it`, { cause: error });
    throw error;
  });
