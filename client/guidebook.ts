import type { Client, WorkflowHandle } from '@temporalio/client';

import type { CompressionSpec } from '../spec/spec';
import { canonicalJson, sha256 } from '../store/digest';
import type { Store } from '../store/store';
import type { guidebook } from '../workflows/guidebook';
import { costNames } from '../engine/jobs/method';
import { prepare } from './prepare';

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
}

/** The task queue of a store's own workers: work on a store can't be done by a worker with another. */
export const taskQueueOf = async (store: Store): Promise<string> =>
  `slimflow-${(await store.id()).slice(0, 8)}`;

/**
 * Starts the guidebook on a spec, or finds the run of the same spec, model and data that is under way. After one that
 * has ended, a new run takes from the store what was done before.
 */
export async function startGuidebook(
  client: Client,
  spec: CompressionSpec,
  { store, taskQueue }: StartOptions,
): Promise<Started> {
  const input = await prepare(spec, store);
  const { name, settings } = input;
  const digest = sha256(canonicalJson([input, await store.id()])).slice(0, 12);
  const workflowId = `slimflow/${name}/${digest}`;
  const before = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  const handle = await client.workflow.start<typeof guidebook>('guidebook', {
    workflowId,
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `${name} to ${settings.target} of its ${costNames[settings.cost]}, with a drop of at most ${settings.tolerance}`,
    memo: {
      model: name,
      target: settings.target,
      tolerance: settings.tolerance,
      techniques: settings.techniques,
    },
  });
  return { handle, isResumed: before?.status.name === 'RUNNING' };
}
