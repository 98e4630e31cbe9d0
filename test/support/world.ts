import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import { workflowCode } from '../../workers/bundle';
import { guidebook, progressQuery } from '../../workflow';
import type { GuidebookProgress } from '../../workflows/types';
import { type Calls, fakeActivities, fakeInput, type World } from './fake-activities';

export type Guidebook = WorkflowHandle<typeof guidebook>;
const code = workflowCode();
let runs = 0;

/** A worker of the fake world on a task queue. */
export const fakeWorker = (
  server: TestWorkflowEnvironment,
  taskQueue: string,
  activities: ReturnType<typeof fakeActivities>,
): Promise<Worker> =>
  Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    ...code,
    activities: { ...activities },
    maxHeartbeatThrottleInterval: 100,
  });

/** A name for a run and its task queue that no other has. */
export const fresh = (name: string): string => `${name}-${++runs}`;

/** Starts the guidebook in the fake world, named as its task queue. */
export const startFake = (
  server: TestWorkflowEnvironment,
  taskQueue: string,
  settings?: object,
): Promise<Guidebook> =>
  server.client.workflow.start(guidebook, { taskQueue, workflowId: taskQueue, args: [fakeInput(settings)] });

/** Starts the guidebook in a fake world, lets `use` look at it, and gives the activities that were asked for. */
export async function inWorld<T>(
  server: TestWorkflowEnvironment,
  { world, settings }: { world?: Partial<World>; settings?: object },
  use: (handle: Guidebook, calls: Calls) => Promise<T>,
): Promise<T> {
  const taskQueue = fresh('guidebook');
  const activities = fakeActivities(world);
  const worker = await fakeWorker(server, taskQueue, activities);
  return worker.runUntil(async () => use(await startFake(server, taskQueue, settings), activities.calls));
}

/** Waits until a run's progress is as wanted, and gives it. */
export async function untilProgress(
  handle: Guidebook,
  isWanted: (progress: GuidebookProgress) => boolean,
): Promise<GuidebookProgress> {
  for (;;) {
    const progress = await handle.query(progressQuery);
    if (isWanted(progress)) return progress;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The state of a candidate in a run's progress. */
export const statusOf = ({ candidates }: GuidebookProgress, id: string): string | undefined =>
  candidates.find((row) => row.id === id)?.status;

/** Replays a run's history, which fails where the workflow's code is not deterministic. */
export const replayed = async (handle: WorkflowHandle): Promise<void> =>
  Worker.runReplayHistory({ ...code }, await handle.fetchHistory(), handle.workflowId);
