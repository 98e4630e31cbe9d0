import type { Client } from '@temporalio/client';

import type { Result } from '../run-spec/result-schema';
import type { GuidebookHandle } from './start-guidebook';
import type { LiveProgress } from './observation';
import { observe, type ObserveOptions } from './observe';

export type { Doing, LiveProgress } from './observation';
export { reasonOf as failureMessage } from '../contract/failure-reason';

export interface WatchOptions extends ObserveOptions {
  readonly onProgress?: (progress: LiveProgress) => void;
}

/**
 * Follows a run to its end, also while the server is away for a time.
 * @throws WorkflowFailedError when the run failed; AbortError once `signal` was aborted
 */
export async function watch(
  client: Client,
  { workflowId }: Pick<GuidebookHandle, 'workflowId'>,
  { onProgress, ...options }: WatchOptions = {},
): Promise<Result> {
  for await (const { progress, end, silent } of observe(client, workflowId, options)) {
    if (progress && !silent) onProgress?.(progress);
    if (end?.error) throw end.error;
    if (end?.result) return end.result;
  }
  throw new Error(`the run ${workflowId} ended without a result`);
}
