import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { ApplicationFailure } from '@temporalio/common';
import { Worker } from '@temporalio/worker';

import type { Lost } from '../../contract/activities';
import { workflowCode } from '../../workers/workflow-bundle';
import { guidebook } from '../../workflow';
import { fakeActivities, fakeInput } from '../support/fake-activities';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const lostFailure = (lost: readonly Lost[]) =>
  ApplicationFailure.create({ type: 'ArtifactMissing', message: 'm', nonRetryable: true, details: [lost] });

/** Runs the guidebook; the compressions to 0.65 fail as `fails` says, by how often they were tried. */
async function run(name: string, fails: (tries: number, scored: unknown) => readonly Lost[] | undefined) {
  let [tries, scored] = [0, undefined as unknown];
  const { calls, ...activities } = fakeActivities({
    before: (activity, request) => {
      if (activity === 'scoreLayer') scored ??= request;
      if (activity !== 'compress' || (request as { target: number }).target !== 0.65) return;
      const lost = fails(++tries, scored);
      if (lost) throw lostFailure(lost);
    },
  });
  const worker = await Worker.create({
    connection: server.nativeConnection,
    taskQueue: name,
    ...workflowCode(),
    activities,
  });
  const options = { taskQueue: name, workflowId: name, args: [fakeInput()] as Parameters<typeof guidebook> };
  const result = await worker.runUntil(server.client.workflow.execute(guidebook, options));
  return { result, calls, tries };
}

it('what the store lost is made again, and the run goes on', async () => {
  const { result, calls, tries } = await run('regenerating', (tries, request) =>
    tries === 1 ? [{ key: 'k', activity: 'scoreLayer', request }] : undefined,
  );
  expect(result.outcome).toBe('selected');
  expect(result.failed).toEqual([]);
  expect(tries).toBe(2);
  const first = JSON.stringify(calls.find(([name]) => name === 'scoreLayer'));
  expect(calls.filter((call) => JSON.stringify(call) === first)).toHaveLength(2);
});

it('what is lost again and again, or can not be made, fails its candidate alone', async () => {
  const again = await run('lost-again', (_, request) => [{ key: 'k', activity: 'scoreLayer', request }]);
  expect(again.tries).toBe(6);
  const hopeless = await run('hopeless', () => []);
  expect(hopeless.tries).toBe(1);
  for (const { result } of [again, hopeless]) {
    expect(result.failed.map(({ id }) => id)).toEqual(['ssvd-0.65']);
    expect(result.outcome).toBe('selected');
  }
});
