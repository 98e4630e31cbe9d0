import type { TestWorkflowEnvironment } from '@temporalio/testing';

import { guidebook } from '../../workflow';
import { fakeInput } from './fake-activities';
import { chain, historySize, withFakeWorker } from './fake-server';

/** A tenth of what Temporal ends a workflow at. */
const tenth = { events: 5120, bytes: 5_000_000 };

/** Runs the guidebook on a model of `layerCount` layers whose activities are fakes, and checks the size of each history. */
export async function expectSmallHistories(
  server: TestWorkflowEnvironment,
  layerCount: number,
): Promise<void> {
  const taskQueue = `${layerCount}-layers`;
  const names = Array.from({ length: layerCount }, (_, i) => `/model/backbone/stage.${i}/block/conv/Conv`);
  const parts = (['spatial-svd', 'channel-pruning'] as const).flatMap((technique) =>
    names.map((name) => ({ name, technique })),
  );
  const settings = { ssvdTargets: [0.5, 0.6, 0.7, 0.8, 0.9], pick: { maxPicks: 1 } };
  const input = fakeInput(settings);
  expect(input.settings.candidates).toHaveLength(9);
  await withFakeWorker(server, taskQueue, { world: { parts } }, async (calls) => {
    const run = await server.client.workflow.start(guidebook, {
      taskQueue,
      workflowId: taskQueue,
      args: [input],
    });
    const result = await run.result();
    expect(result.candidates.length).toBeGreaterThanOrEqual(5);
    expect(calls.filter(([name]) => name === 'scoreLayer')).toHaveLength(2 * layerCount);

    const children = [
      'scores/original/spatial-svd',
      `scores/${result.picks[0]}/channel-pruning`,
      ...result.candidates.map(({ id }) => id),
    ];
    for (const id of [taskQueue, ...children.map((id) => `${taskQueue}/${id}`)])
      for (const one of await chain(server, id)) {
        const { events, bytes } = await historySize(one);
        expect(events).toBeLessThan(tenth.events);
        expect(bytes).toBeLessThan(tenth.bytes);
      }
  });
}
