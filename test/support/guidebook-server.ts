import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import type { GuidebookHandle } from '../../client/start-guidebook';
import { workflowCode } from '../../workers/workflow-bundle';
import type { guidebook } from '../../workflow';
import { fakeActivities, fakeInput, type World } from './fake-activities';
import { temporal } from './temporal';
import { until } from './until';

/**
 * A real server, on which the guidebook runs in the fake world; started before the tests of a file, stopped after them.
 */
export function guidebookServer() {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => {
    environment = await temporal();
  });
  afterAll(() => environment.teardown());
  return {
    environment: () => environment,
    client: () => environment.client,

    /** Starts the guidebook. */
    start: (workflowId: string, taskQueue: string, more: object = {}): Promise<GuidebookHandle> =>
      environment.client.workflow.start<typeof guidebook>('guidebook', {
        workflowId,
        taskQueue,
        args: [fakeInput()],
        ...more,
      }),

    /** Runs `work` with a worker of the fake world. */
    withWorker: async <T>(taskQueue: string, world: Partial<World>, work: () => Promise<T>): Promise<T> => {
      const worker = await Worker.create({
        connection: environment.nativeConnection,
        taskQueue,
        ...workflowCode(),
        activities: fakeActivities(world),
        maxHeartbeatThrottleInterval: 100,
      });
      return worker.runUntil(work);
    },
  };
}

/** A gate at which fine-tuning waits until it is opened. */
export function gate() {
  let [arrived, isOpen] = [0, false];
  return {
    before: async (activity: string) => {
      if (activity !== 'fineTune') return;
      arrived++;
      await until(() => isOpen);
    },
    /** Waits until a number of them are at the gate. */
    reached: (count: number) => until(() => arrived >= count),
    open: () => {
      isOpen = true;
    },
  };
}
