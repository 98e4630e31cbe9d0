import type { Client } from '@temporalio/client';

/** An activity that was asked for and is not done. */
export interface PendingActivity {
  /** Unique among all runs. */
  readonly key: string;
  /** True if a worker is working on it; otherwise it waits for one, or for a retry. */
  readonly started: boolean;
  readonly attempt: number;
  /** The process id of the worker that has or had it; NaN if its identity does not show it. */
  readonly pid: number;
  /** Milliseconds of the server's clock; 0 before the first time. */
  readonly startedAt: number;
  readonly heartbeatAt: number;
  /** Why the last attempt failed. */
  readonly lastFailure?: string;
}

export type Sample = readonly PendingActivity[];

type Description = Awaited<ReturnType<Client['workflowService']['describeWorkflowExecution']>>;
type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;

/** Everything that is under way in runs and their children, at this moment. @throws if the server does not answer */
export async function sample(client: Client, workflowIds: readonly string[]): Promise<Sample> {
  const all = await Promise.all(workflowIds.map((id) => pendingOf(client, id)));
  return all.flat();
}

async function pendingOf(client: Client, workflowId: string): Promise<PendingActivity[]> {
  const described = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  });
  const children = (described.pendingChildren ?? []).map((child) => child.workflowId ?? '');
  const below = await Promise.all(children.filter(Boolean).map((id) => pendingOf(client, id)));
  return [...activitiesOf(workflowId, described), ...below.flat()];
}

function activitiesOf(workflowId: string, { pendingActivities }: Description): PendingActivity[] {
  return (pendingActivities ?? []).map((activity) => ({
    key: `${workflowId} ${activity.activityId}`,
    started: Number(activity.state) === startedState,
    attempt: activity.attempt ?? 1,
    pid: Number.parseInt(activity.lastWorkerIdentity ?? '', 10),
    startedAt: milliseconds(activity.lastStartedTime),
    heartbeatAt: milliseconds(activity.lastHeartbeatTime),
    lastFailure: activity.lastFailure?.message ?? undefined,
  }));
}

/** PENDING_ACTIVITY_STATE_STARTED */
const startedState = 2;

const milliseconds = (time: Timestamp): number =>
  time ? 1000 * Number(time.seconds ?? 0) + (time.nanos ?? 0) / 1e6 : 0;

/**
 * Tells if activities that a fault has hit continue: each is done, or has heartbeated after `since`, in milliseconds. A
 * start proves nothing: the activity may have been given to a worker that is gone.
 */
export function goesOn(hit: Sample, now: Sample, since: number): boolean {
  const pending = new Map(now.map((activity) => [activity.key, activity]));
  return hit.every(({ key }) => {
    const activity = pending.get(key);
    if (!activity) return true;
    const { started, startedAt, heartbeatAt } = activity;
    return started && heartbeatAt > Math.max(since, startedAt);
  });
}
