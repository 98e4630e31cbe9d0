import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';

import type { HeartbeatDetails } from '../contract/activities';
import { decodedPending } from './decoded-pending';
import { failureFixes } from '../contract/failure-fixes';
import { type FailureType, failureTypes } from '../contract/failure-types';
import type { LastFailure, PendingWork } from './observation';

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number];
type Failure = NonNullable<Pending['lastFailure']>;

/** Temporal's PENDING_ACTIVITY_STATE_STARTED and …_CANCEL_REQUESTED: a worker has it. */
const withWorker = [2, 3];

const lostWorker =
  'its worker ended or stands still, and the next one takes it over: check that a worker is running';

/** A child workflow in progress. */
export interface ChildWork {
  readonly work: readonly PendingWork[];
  /** When it began, in ms since 1970; left out if it has continued as new since. */
  readonly startedAt?: number;
}

/** Reads the activities of a child workflow that have not ended; none if the child can't be described. */
export async function childWork(client: Client, workflowId: string, of: string): Promise<ChildWork> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  if (!description) return { work: [] };
  const isFirst = description.raw.workflowExecutionInfo?.firstRunId === description.runId;
  return {
    work: pendingWork(await decodedPending(client, description), () => of),
    ...(isFirst && { startedAt: description.startTime.getTime() }),
  };
}

/**
 * Reads the activities that have not ended from the description of their workflow.
 * @param subject returns whom an activity is about, by its id
 */
export const pendingWork = (
  { workflowId, runId, raw }: WorkflowExecutionDescription,
  subject: (activityId: string) => string,
): PendingWork[] =>
  (raw.pendingActivities ?? []).map((pending) => {
    const activityId = pending.activityId ?? '';
    const isRunning = withWorker.includes(Number(pending.state));
    const attempt = pending.attempt || 1;
    const failure = pending.lastFailure ? lastFailure(pending.lastFailure) : undefined;
    return {
      of: subject(activityId),
      workflowId,
      runId,
      activityId,
      activity: pending.activityType?.name ?? '',
      attempt,
      state: isRunning ? 'running' : attempt > 1 ? 'retrying' : 'queued',
      at: heartbeatOf(pending),
      ...(pending.lastWorkerIdentity && { worker: pending.lastWorkerIdentity }),
      ...(failure && { failure }),
      ...(isRunning && { startedAt: isoOf(pending.lastStartedTime) }),
      heardAt: [pending.scheduledTime, pending.lastStartedTime, pending.lastHeartbeatTime]
        .map(isoOf)
        .reduce((latest, one) => (one > latest ? one : latest)),
      ...(!isRunning &&
        attempt > 1 && { nextTryAt: isoOf(pending.nextAttemptScheduleTime ?? pending.scheduledTime) }),
    };
  });

function heartbeatOf({ heartbeatDetails }: Pending): HeartbeatDetails | undefined {
  const [payload] = heartbeatDetails?.payloads ?? [];
  try {
    return payload
      ? (defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload) ?? undefined)
      : undefined;
  } catch {
    // Encrypted by a codec that we don't have: there is nothing more to show.
    return undefined;
  }
}

/** Describes a failure by its innermost message, and what to do about it by the outermost type that is Slimflow's. */
export function lastFailure(failure: Failure): LastFailure {
  const chain: Failure[] = [];
  for (let at: Failure | null | undefined = failure; at; at = at.cause) chain.push(at);
  const message = chain.at(-1)!.message || 'it failed without a message';
  const type = chain
    .map(({ applicationFailureInfo }) => applicationFailureInfo?.type)
    .find((name): name is FailureType => name != null && Object.hasOwn(failureTypes, name));
  if (type) return { message, type, fix: failureFixes[type] };
  if (chain.some(({ timeoutFailureInfo }) => timeoutFailureInfo))
    return { message, type: 'Timeout', fix: lostWorker };
  return { message };
}

/** Converts a time of Temporal's protocol. */
export const isoOf = (time: Pending['scheduledTime']): string =>
  new Date(Number(time?.seconds ?? 0) * 1000 + (time?.nanos ?? 0) / 1e6).toISOString();

/** Returns whom an activity of the run itself is about, by its id: `evaluate/ssvd-0.50/test-split`. */
export function subjectOf(activityId: string | null | undefined): string {
  const parts = (activityId ?? '').split('/');
  if (parts[0] === 'analyze') return parts.slice(1).join('/');
  if (parts[0] === 'evaluate') return parts.slice(1, -1).join('/');
  return 'run';
}
