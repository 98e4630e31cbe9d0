import type { Client, WorkflowHandle } from '@temporalio/client';

import type { CompressionSpec } from '../run-spec/spec';
import { canonicalJson, sha256 } from '../store/digest';
import type { Store } from '../store/store';
import type { guidebook } from '../workflows/guidebook';
import { type AttributeName, attributeKeys, pairsOf } from '../contract/search-attributes';
import { payloadConverter } from '../contract/payload-converter';
import { storeQueue } from '../contract/task-queues';
import { memoOf, startDetails, startSummary } from './run-memo';
import { prepare } from './prepare';
import { isAboutAttributes, usableAttributes } from '../server/register-attributes';

export type GuidebookHandle = WorkflowHandle<typeof guidebook>;

export interface StartOptions {
  /** The store that the workers use. */
  readonly store: Store;
  readonly taskQueue: string;
}

/** A started run, and whether it was there already. */
export interface Started {
  readonly handle: GuidebookHandle;
  readonly isResumed: boolean;
  /** Slimflow's search attributes that the server lacks: the run can't be found by them. `slimflow setup` adds them. */
  readonly missingAttributes: readonly AttributeName[];
}

/** The task queue of a store's own workers: work on a store can't be done by a worker with another. */
export const taskQueueOf = async (store: Store): Promise<string> => storeQueue(await store.id());

/**
 * Starts the guidebook on a spec, or finds the run of the same spec, model and data that is under way. After one that
 * has ended, a new run takes from the store what was done before.
 *
 * @throws ApplicationFailure of type PayloadTooLarge where what the spec says by hand is over 256 kB; it names the field
 */
export async function startGuidebook(
  client: Client,
  spec: CompressionSpec,
  { store, taskQueue }: StartOptions,
): Promise<Started> {
  const input = await prepare(spec, store);
  payloadConverter.toPayload(input); // refused here, in words, where it is too large, whatever the client converts with
  const { name, settings } = input;
  // What the server knows is no part of what a run is.
  const digest = sha256(canonicalJson([input, await store.id()])).slice(0, 12);
  const workflowId = `slimflow/${name}/${digest}`;
  const before = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  const start = (searchAttributes: readonly AttributeName[]) =>
    client.workflow.start<typeof guidebook>('guidebook', {
      workflowId,
      taskQueue,
      args: [{ ...input, searchAttributes }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: startSummary(input),
      staticDetails: startDetails(input),
      memo: memoOf(input),
      typedSearchAttributes: pairsOf(
        { model: name, target: settings.target, stage: 'baseline' },
        searchAttributes,
      ),
    });
  let searchAttributes = await usableAttributes(client.connection, client.options.namespace);
  const handle = await start(searchAttributes).catch((error: unknown) => {
    // One that was added a moment ago is not known everywhere in a cluster: the run does without.
    if (!searchAttributes.length || !isAboutAttributes(error)) throw error;
    return start((searchAttributes = []));
  });
  return {
    handle,
    isResumed: before?.status.name === 'RUNNING',
    missingAttributes: attributeKeys
      .map(({ name }) => name)
      .filter((name) => !searchAttributes.includes(name)),
  };
}
