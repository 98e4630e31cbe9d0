import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import type { Activities } from '../../contract/activities';
import { workflowCode } from '../../workers/workflow-bundle';
import { guidebook, progressQuery } from '../../workflow';
import type { GuidebookProgress } from '../../contract/run';
import { temporal } from './temporal';
import { type Calls, fakeActivities, fakeInput, latch, untilCancelled, type World } from './fake-activities';

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

/** A real server for the tests of a file, and `inWorld` on it. */
export function worldServer() {
  let server: TestWorkflowEnvironment;
  beforeAll(async () => {
    server = await temporal();
  });
  afterAll(() => server.teardown());
  return {
    server: () => server,
    inWorld: <T>(
      made: { world?: Partial<World>; settings?: object },
      use: (handle: Guidebook, calls: Calls) => Promise<T>,
    ): Promise<T> => inWorld(server, made, use),
  };
}

/** Waits until a run's progress is as wanted, and gives it. */
export async function untilProgress(
  handle: WorkflowHandle,
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

/** Settings that ask for reviews of picks and selection. */
export const reviewed = (more: object = {}) => ({ review: { afterPick: true, afterSelect: true, ...more } });

/** Tells if a run waits for an approval. */
export const isWaiting =
  (subject: 'picks' | 'selection') =>
  ({ waiting }: Pick<GuidebookProgress, 'waiting'>): boolean =>
    waiting?.for === subject;

/** Why a run refused an update. */
export async function refusal(update: Promise<string>): Promise<string> {
  const error: unknown = await update.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
  return ((error as Error).cause as Error).message;
}

/** Types of the events of a workflow's history so far. */
export async function eventsOf(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).map((event) =>
    Object.keys(event).find((key) => key.endsWith('EventAttributes') && event[key as keyof typeof event])!,
  );
}

/** A world that holds an activity of the candidate of the given MACs until it is released or cancelled. */
export function holding(activity: keyof Activities, macs: number) {
  const { released, release } = latch();
  const ended: string[] = [];
  return {
    release,
    ended,
    world: {
      before: async (name: keyof Activities, request: unknown) => {
        if (name !== activity || !(request as { model: { uri: string } }).model.uri.includes(`${macs}`))
          return;
        await untilCancelled(released).finally(() => ended.push(name));
      },
    },
  };
}
