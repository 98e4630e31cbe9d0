import type { Client } from '@temporalio/client';

import type { PendingWork } from '../client/observation';

/** Lists the workers that poll a run's task queue and have none of its work; none if the server does not say. */
export async function idleWorkers(
  client: Client,
  workflowId: string,
  work: readonly PendingWork[],
): Promise<string[]> {
  try {
    const { taskQueue } = await client.workflow.getHandle(workflowId).describe();
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: 1, // of workflow tasks, which every worker polls
    });
    const busy = new Set(
      work.flatMap(({ state, worker }) => (state === 'running' && worker ? [worker] : [])),
    );
    return [...new Set((pollers ?? []).map(({ identity }) => identity ?? ''))]
      .filter((name) => name && !busy.has(name))
      .toSorted();
  } catch {
    return [];
  }
}
