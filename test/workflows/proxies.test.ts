import { ApplicationFailure } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';

import { guidebook } from '../../workflow';
import { workflowCode } from '../../workers/workflow-bundle';
import { fakeActivities, fakeInput } from '../support/fake-activities';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

it('heavy work goes where its provider is, and what is too large there to those with more memory', async () => {
  const seen: Record<string, Set<string>> = {};
  let [scored, isLost] = [undefined as unknown, false];
  const at = (name: string) => {
    const { calls: _calls, ...activities } = fakeActivities({
      before: (activity, request) => {
        (seen[name] ??= new Set()).add(activity);
        expect(request).not.toHaveProperty('compute.queues');
        if (activity === 'scoreLayer') scored ??= request;
        if (activity === 'compress' && !isLost) {
          isLost = true; // what is made again goes where it was made
          throw ApplicationFailure.create({
            message: 'lost',
            type: 'ArtifactMissing',
            nonRetryable: true,
            details: [[{ key: 'k', activity: 'scoreLayer', request: scored }]],
          });
        }
        if (activity === 'fineTune' && name === 'base-gpu')
          throw ApplicationFailure.create({
            message: 'too large',
            type: 'OutOfMemory',
            nonRetryable: true,
            details: [{ queue: 'large' }],
          });
      },
    });
    return activities;
  };
  const workers = await Promise.all(
    ['base', 'base-gpu', 'base-large'].map((taskQueue) =>
      Worker.create({
        connection: server.nativeConnection,
        taskQueue,
        activities: at(taskQueue),
        ...(taskQueue === 'base' && workflowCode()),
      }),
    ),
  );
  const [base, ...others] = workers;
  const running = others.map((worker) => worker.run());
  const input = fakeInput({
    compute: { provider: 'cuda', queues: 'by-need' },
    techniques: ['spatial-svd'],
    ssvdTargets: [0.5],
  });
  try {
    const { outcome } = await base.runUntil(
      server.client.workflow.execute(guidebook, { taskQueue: 'base', workflowId: 'by-need', args: [input] }),
    );
    expect(outcome).toBe('selected');
  } finally {
    others.forEach((worker) => worker.shutdown());
    await Promise.all(running);
  }
  expect([...seen.base].sort()).toEqual(['analyze', 'collectScores', 'listParts']);
  expect([...seen['base-gpu']].sort()).toEqual(['compress', 'evaluate', 'fineTune', 'latency', 'scoreLayer']);
  expect([...seen['base-large']]).toEqual(['fineTune']);
});
