import type { Client, WorkflowHandle } from '@temporalio/client';

import type { CompressionSpec } from '../run-spec/spec';
import { canonicalJson, sha256 } from '../store/digest';
import type { Store } from '../store/store';
import type { guidebook } from '../workflows/guidebook';
import { type AttributeName, attributeKeys, pairsOf } from '../contract/search-attributes';
import { payloadConverter } from '../contract/payload-converter';
import { storeQueue } from '../contract/task-queues';
import { memoOf, startDetails, startSummary } from './run-memo';
import { prepare } from '../intake/prepare';
import { isAboutAttributes, usableAttributes } from '../server/register-attributes';

/** Handle of a run of the guidebook. */
export type GuidebookHandle = WorkflowHandle<typeof guidebook>;

/** Options for starting the guidebook. */
export interface StartOptions {
  /** Store that the workers use. */
  readonly store: Store;
  readonly taskQueue: string;
}

/** A started run, and whether it was running already. */
export interface Started {
  readonly handle: GuidebookHandle;
  readonly isResumed: boolean;
  /** Slimflow's search attributes that the server lacks: the run can't be found by them. `slimflow setup` adds them. */
  readonly missingAttributes: readonly AttributeName[];
}

/** Returns the task queue of a store's own workers, since workers with another store can't do its work. */
export const taskQueueOf = async (store: Store): Promise<string> => storeQueue(await store.id());

/**
 * Starts the guidebook on a spec, or finds the running one of the same spec, model and data. After one that has ended,
 * a new run reuses the store's results.
 *
 * @throws ApplicationFailure of type PayloadTooLarge if values given in the spec exceed 256 kB; it names the field
 * @example
 * ```ts
 * import { loadSpec, openStore, startGuidebook } from 'slimflow';
 *
 * const { handle, isResumed } = await startGuidebook(client, loadSpec('job.yaml'), {
 *   store: openStore('store'),
 *   taskQueue: 'compression',
 * });
 * console.log(isResumed ? 'found' : 'started', handle.workflowId);
 * ```
 */
export async function startGuidebook(
  client: Client,
  spec: CompressionSpec,
  { store, taskQueue }: StartOptions,
): Promise<Started> {
  const input = await prepare(spec, store);
  payloadConverter.toPayload(input); // rejects too large values with a clear message, whatever converter the client uses
  const { name, settings } = input;
  // Fields that only describe the server are not part of a run's identity.
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
    // An attribute added a moment ago is not yet known everywhere in a cluster: the run works without.
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
