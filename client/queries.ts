import {
  type Client,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
  WorkflowFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HeartbeatDetails } from '../contract/activities';
import type { Result } from '../run-spec/result-schema';
import { reasonOf } from '../contract/failure-reason';
import type { GuidebookProgress } from '../contract/run';
import type { Doing, RunEnd } from './observation';

/** gRPC's NOT_FOUND, INVALID_ARGUMENT, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED, UNAUTHENTICATED. */
const answers = [3, 5, 6, 7, 9, 12, 16];

/**
 * Whether an error of a call means that the server can't be heard now, rather than that it said no.
 * @param wasThere it answered before: one that starts may not know its namespaces in its first moment
 */
export function isAway(error: unknown, wasThere = false): boolean {
  if (error instanceof NamespaceNotFoundError) return wasThere;
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) && !answers.includes(grpc.code);
}

/** The workflow's own answer; it needs a worker. */
export const progressOf = (handle: WorkflowHandle): Promise<GuidebookProgress> =>
  handle.query<GuidebookProgress>('progress');

/** Whether a worker has asked the server for work of a task queue in the last minutes. */
export async function hasWorker(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1, // of workflow tasks
  });
  return Boolean(pollers?.length);
}

/** How long a worker may be unheard of and yet be there. */
export const workerPatienceMs = 15_000;

/**
 * As hasWorker, but gives one time to come: a server that was just started again knows of none until their polls are
 * back, which workers space out by up to 10 s.
 * @param unheard is told once, where none is there at first
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

/** How a run that ended did; a completed one with its result. */
export async function endOf(handle: WorkflowHandle, status: RunEnd['status']): Promise<RunEnd> {
  try {
    return { status, result: (await handle.result()) as Result };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { status, reason: reasonOf(error), error };
  }
}

/** What the pending activity of a workflow says of itself. */
export async function doingOf(client: Client, workflowId: string): Promise<Doing | undefined> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  const [pending] = description?.raw.pendingActivities ?? [];
  if (!pending) return undefined;
  const [payload] = pending.heartbeatDetails?.payloads ?? [];
  let at: HeartbeatDetails | undefined;
  try {
    at = payload && defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload);
  } catch {
    // Encrypted by a codec that is not ours: there is no more to show.
  }
  return { activity: pending.activityType?.name ?? '', at: at ?? undefined, attempt: pending.attempt ?? 1 };
}
