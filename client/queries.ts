import {
  type Client,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Result } from '../run-spec/result-schema';
import { reasonOf } from '../contract/failure-reason';
import type { GuidebookProgress } from '../contract/run';
import type { RunEnd } from './observation';

/** gRPC's NOT_FOUND, INVALID_ARGUMENT, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED. */
const answers = [3, 5, 6, 7, 9, 12, 16];

/**
 * Tells if a call's error means that the server can't be reached, rather than that it refused.
 * @param wasThere true if it answered before: a starting one may not know its namespaces at first
 */
export function isAway(error: unknown, wasThere = false): boolean {
  if (error instanceof NamespaceNotFoundError) return wasThere;
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) && !answers.includes(grpc.code);
}

/** Queries the workflow's progress, which needs a worker. */
export const progressOf = (handle: WorkflowHandle): Promise<GuidebookProgress> =>
  handle.query<GuidebookProgress>('progress');

/**
 * Tells if a worker has polled the task queue in the last minutes.
 * @param work a device polls for activities alone
 */
export async function hasWorker(
  client: Client,
  taskQueue: string,
  work: 'workflows' | 'activities' = 'workflows',
): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: work === 'workflows' ? 1 : 2, // by the protocol's numbers
  });
  return Boolean(pollers?.length);
}

/** Time in ms that a live worker may go unnoticed. */
export const workerPatienceMs = 15_000;

/**
 * Does as `hasWorker`, but waits a while for one: a server that was just restarted knows of none until they poll again,
 * at intervals of up to 10 s.
 * @param unheard is called once if there is none at first
 * @param signal ends the waiting
 */
export async function workerComes(
  client: Client,
  taskQueue: string,
  unheard: () => void,
  signal?: AbortSignal,
): Promise<boolean> {
  let told = false;
  for (const since = Date.now(); ;) {
    if (await hasWorker(client, taskQueue)) return true;
    if (signal?.aborted || Date.now() - since > workerPatienceMs) return false;
    if (!told) unheard();
    told = true;
    await sleep(500, undefined, { signal }).catch(() => undefined);
  }
}

/** Describes how a run ended; for a completed one with its result. */
export async function endOf(handle: WorkflowHandle, status: RunEnd['status']): Promise<RunEnd> {
  try {
    return { status, result: (await handle.result()) as Result };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { status, reason: reasonOf(error), error };
  }
}
