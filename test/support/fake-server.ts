import type { Workflow, WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkerOptions } from '@temporalio/worker';

import { workflowCode } from '../../workers/workflow-bundle';
import { type Calls, fakeActivities, type World } from './fake-activities';

const code = workflowCode();

/** Runs `use` beside a worker whose activities are those of a fake world; gives them the calls that it gets. */
export async function withFakeWorker<T>(
  server: TestWorkflowEnvironment,
  taskQueue: string,
  { world, ...options }: { readonly world?: Partial<World> } & Partial<WorkerOptions>,
  use: (calls: Calls) => Promise<T>,
): Promise<T> {
  const { calls, ...activities } = fakeActivities(world);
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue,
    ...code,
    activities,
    maxHeartbeatThrottleInterval: 100,
    ...options,
  });
  return worker.runUntil(() => use(calls));
}

/** End of a run of a workflow in Temporal's history. */
export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
}

/** The size of the history of one run. */
export async function historySize(handle: WorkflowHandle<Workflow>): Promise<HistorySize> {
  const { historyLength, historySize } = await handle.describe();
  return { events: historyLength, bytes: historySize ?? 0 };
}

/** The runs of a workflow id, the first of them first: those that continued as new, and the last. */
export async function chain(
  { client }: Pick<TestWorkflowEnvironment, 'client'>,
  workflowId: string,
): Promise<WorkflowHandle<Workflow>[]> {
  const runs: WorkflowHandle<Workflow>[] = [];
  let next: string | undefined = (await client.workflow.getHandle(workflowId).describe()).raw
    .workflowExecutionInfo?.firstRunId as string;
  while (next) {
    const run: WorkflowHandle<Workflow> = client.workflow.getHandle(workflowId, next);
    runs.push(run);
    const { events } = await run.fetchHistory();
    const { newExecutionRunId } = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes ?? {};
    next = newExecutionRunId ?? undefined;
  }
  return runs;
}
