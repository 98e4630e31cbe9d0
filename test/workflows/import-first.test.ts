import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { reasonOf } from '../../contract/failure-reason';
import { guidebook, progressQuery } from '../../workflow';
import { CompressionSpec } from '../../run-spec/spec';
import { fakeActivities, latch } from '../support/fake-activities';
import { temporal } from '../support/temporal';
import { until } from '../support/until';
import { fakeWorker, fresh, replayed } from '../support/world';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const split = { images: '/exports/images.npy', labels: '/exports/labels.npy' };
const spec = {
  model: 's3://exports/net.onnx',
  data: { train: split, evaluate: split, test: split },
  target: 0.6,
  tolerance: 1,
};

describe('a run that is given a spec', () => {
  it('imports its files when it begins, and goes on with what they were', async () => {
    const { released, release } = latch();
    const activities = fakeActivities({
      before: (name) => (name === 'importSpec' ? released : undefined),
    });
    const taskQueue = fresh('spec');
    const worker = await fakeWorker(server, taskQueue, activities);
    await worker.runUntil(async () => {
      const run = await server.client.workflow.start(guidebook, {
        taskQueue,
        workflowId: taskQueue,
        args: [{ spec: CompressionSpec.parse(spec) }],
      });
      await until(() => activities.calls.length > 0);
      expect(await run.query(progressQuery)).toMatchObject({ name: 'net', stage: 'import', target: 0.6 });
      release();
      const result = await run.result();
      expect(result.outcome).toBe('selected');
      const imports = activities.calls.filter(([name]) => name === 'importSpec');
      expect(imports).toHaveLength(1);
      expect(imports[0][1]).toMatchObject({
        spec: { model: 's3://exports/net.onnx' },
        run: run.firstExecutionRunId,
      });
      const { runId, memo } = await server.client.workflow.getHandle(taskQueue).describe();
      expect(runId).not.toBe(run.firstExecutionRunId);
      expect(memo).toMatchObject({ model: 'net', target: 0.6, outcome: 'selected' });
      await replayed(server.client.workflow.getHandle(taskQueue, run.firstExecutionRunId));
    });
  });

  it.each([
    [{ spec: null }, /^guidebook: spec must be an object/],
    [{ spec, seed: 1 }, /^guidebook: seed/],
  ])('%j fails at once', async (input, message) => {
    const taskQueue = fresh('spec');
    const worker = await fakeWorker(server, taskQueue, fakeActivities());
    const failed = worker.runUntil(() =>
      server.client.workflow.execute(guidebook, { taskQueue, workflowId: taskQueue, args: [input as never] }),
    );
    expect(reasonOf(await failed.catch((error: unknown) => error))).toMatch(message);
  });
});
