import type { Client } from '@temporalio/client';
import { z } from 'zod';

import {
  type Adjustment,
  adjust,
  approve,
  cancel,
  finishEarly,
  pause,
  Refused,
  resume,
} from '../client/decide';
import { workerComes } from '../client/queries';
import { statusOf } from '../client/run-status';
import { techniques } from '../engine/names';

/** The person: forms send empty texts for fields that were left empty. */
const by = z.string().trim().min(1, 'say who you are').max(100);
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' || value === null ? undefined : value), schema.optional());
const note = optional(z.string().trim().max(300));
const share = z.coerce.number().gt(0).lt(1);
const list = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((one) => one.trim()) : value),
    z.array(schema).min(1),
  );

/** A decision that a page can send: the fields of its form, and what is done with them. */
interface Action<Fields> {
  readonly fields: z.ZodType<Fields>;
  /** True if the run's worker must answer. */
  readonly needsWorker: boolean;
  /** Returns a sentence for each thing that was done. */
  readonly act: (client: Client, workflowId: string, fields: Fields) => Promise<readonly string[]>;
}
const action = <Fields>(one: Action<Fields>): Action<Fields> => one;

const approval = action({
  fields: z.strictObject({
    by,
    note,
    picks: optional(
      z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(z.string())),
    ),
    select: optional(z.string()),
  }),
  needsWorker: true,
  act: async (client, id, fields) => [await approve(client, id, fields)],
});

const adjustment = action({
  fields: z.strictObject({
    by,
    note,
    target: optional(share),
    tolerance: optional(z.coerce.number().min(0)),
    ssvdTargets: optional(list(share)),
    ccpFactors: optional(list(z.coerce.number().min(0))),
    technique: optional(z.enum(techniques)),
    asked: optional(share),
    parent: optional(z.string()),
    skip: optional(z.string()),
  }),
  needsWorker: true,
  act: (client, id, { technique, asked, parent, skip, ...changes }) => {
    if ((technique === undefined) !== (asked === undefined))
      throw new Refused('a candidate to add needs a technique and a ratio');
    const request: Adjustment = {
      ...changes,
      ...(technique && asked !== undefined && { add: [{ technique, asked, parent: parent ?? null }] }),
      ...(skip !== undefined && { skip: [skip] }),
    };
    return adjust(client, id, request);
  },
});

const finishing = action({
  fields: z.strictObject({ by, note }),
  needsWorker: true,
  act: async (client, id, fields) => [await finishEarly(client, id, fields)],
});

const pausing = action({
  fields: z.strictObject({ by, reason: note }),
  needsWorker: false,
  act: async (client, id, fields) => {
    await pause(client, id, fields);
    return ['paused: nothing new is started; work in progress finishes'];
  },
});

const resuming = action({
  fields: z.strictObject({ by }),
  needsWorker: false,
  act: async (client, id, fields) => {
    await resume(client, id, fields);
    return ['resumed'];
  },
});

const cancelling = action({
  fields: z.strictObject({ by, confirm: z.literal('yes') }),
  needsWorker: false,
  act: async (client, id) => {
    await cancel(client, id);
    return ['cancellation requested: the run ends once its work has stopped'];
  },
});

const actions = {
  approve: approval,
  adjust: adjustment,
  finish: finishing,
  pause: pausing,
  resume: resuming,
  cancel: cancelling,
} as const;

/** Name of a decision. */
export type ActionName = keyof typeof actions;

/** Tells if there is a decision of this name. */
export const isAction = (name: string): name is ActionName => Object.hasOwn(actions, name);

/** The fields that a page sent are not those of a decision; the message names them. */
export class BadFields extends Error {
  override readonly name = 'BadFields';
}

/**
 * Sends a person's decision to a run, by the updates and signals that the commands send.
 * @returns a sentence for each thing that was done
 * @throws BadFields, Refused with the run's reason, or Error if no worker can answer
 */
export async function act(
  client: Client,
  workflowId: string,
  name: ActionName,
  body: unknown,
): Promise<readonly string[]> {
  const { fields, needsWorker, act: send } = actions[name] as Action<unknown>;
  const parsed = fields.safeParse(body);
  if (!parsed.success)
    throw new BadFields(
      parsed.error.issues
        .map(({ path, message }) => `${path.join('.') || 'the form'}: ${message}`)
        .join('; '),
    );
  if (needsWorker) await requireWorker(client, workflowId);
  return send(client, workflowId, parsed.data);
}

/** Makes sure that a worker can answer an update, which would otherwise wait for one. */
async function requireWorker(client: Client, workflowId: string): Promise<void> {
  const description = await client.workflow.getHandle(workflowId).describe();
  if (statusOf(description) !== 'running') return;
  if (!(await workerComes(client, description.taskQueue, () => undefined)))
    throw new Error(`no worker is running to pass this on to ${workflowId}: start \`slimflow worker\``);
}
