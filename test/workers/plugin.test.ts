import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { SlimflowPlugin } from '../../index';
import { FileStore } from '../../store/file-store';
import { guidebook } from '../../workflow';
import { reasonOf } from '../../contract/failure-reason';
import { fakeInput } from '../support/fake-activities';
import { FakedPlugin } from '../support/faked-plugin';
import { inFolder } from '../support/folder';
import { until } from '../support/until';
import type { GuidebookInput } from '../../contract/run';
import type { Result } from '../../run-spec/result-schema';
import type { byNexus, nightly, smallest } from '../support/own-workflows';
import { temporal } from '../support/temporal';

const split = { images: '/exports/images.npy', labels: '/exports/labels.npy' };
const spec = {
  model: '/exports/net.onnx',
  data: { train: split, evaluate: split, test: split },
  target: 0.5,
  tolerance: 1,
};
let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

describe('the plugin', () => {
  it('serves a worker without workflows of its own', () =>
    inFolder(async (store) => {
      const plugin = new FakedPlugin({ store, slots: 3 });
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue: 'none',
        plugins: [plugin],
      });
      expect(plugin.slots).toBe(3);
      const run = () =>
        server.client.workflow.execute(guidebook, {
          taskQueue: 'none',
          workflowId: 'none',
          args: [fakeInput()],
        });
      expect((await worker.runUntil(run)).outcome).toBe('selected');
    }));

  it('serves a worker with workflows of its own, and its settings win', () =>
    inFolder(async (store) => {
      const plugin = new FakedPlugin({ store, nexus: true });
      const published: string[] = [];
      const publish = (sha256: string) => Promise.resolve(String(published.push(sha256)));
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue: 'own',
        activities: { publish },
        workflowsPath: require.resolve('../support/own-workflows'),
        maxConcurrentActivityTaskExecutions: 5,
        plugins: [plugin],
      });
      expect(plugin.slots).toBe(5);
      const run = () =>
        server.client.workflow.execute<typeof nightly>('nightly', {
          taskQueue: 'own',
          workflowId: 'own',
          args: [fakeInput()],
        });
      const { id } = await server.createNexusEndpoint('slimflow-own', 'own');
      expect(id).toBeDefined();
      const others = async () => {
        const [small, selected] = await Promise.all([
          server.client.workflow.execute<typeof smallest>('smallest', {
            taskQueue: 'own',
            workflowId: 'smallest',
            args: [{ spec }],
          }),
          server.client.workflow.execute<typeof byNexus>('byNexus', {
            taskQueue: 'own',
            workflowId: 'by-nexus',
            args: [fakeInput(), 'slimflow-own'],
          }),
        ]);
        // In the fake world, half of the MACs lose half a point after training.
        expect(small).toEqual({ achieved: 0.5, value: 97.5, ms: [10, 5], published: '1' });
        expect(selected).toBe('ssvd-0.75/cp-0.67');
        const schedule = await server.client.schedule.create({
          scheduleId: 'nightly',
          spec: { calendars: [{ hour: 3 }] },
          action: {
            type: 'startWorkflow',
            workflowType: 'guidebook',
            taskQueue: 'own',
            args: [{ spec }],
          },
        });
        await schedule.trigger();
        const started = async () => (await schedule.describe()).info.recentActions.at(-1)?.action;
        await until(async () => (await started()) !== undefined);
        const nightly = (await started())!.workflow.workflowId;
        // It imports the spec's files then, and goes on under the same id.
        const { outcome } = (await server.client.workflow.getHandle(nightly).result()) as Result;
        expect(outcome).toBe('selected');
        await schedule.delete();
        const misspelt = { ...fakeInput(), settings: {} } as unknown as GuidebookInput;
        const failed = server.client.workflow.execute<typeof smallest>('smallest', {
          taskQueue: 'own',
          workflowId: 'misspelt',
          args: [misspelt as never],
        });
        expect(reasonOf(await failed.catch((error: unknown) => error))).toMatch(/^guidebook: settings/);
        return run();
      };
      expect(await worker.runUntil(others)).toBe('nightly: selected');
    }));

  it.each([
    [
      'an activity answers',
      {},
      { tuningNotes: ['x'.repeat(300_000)] },
      /a message of 294 kB .* notes\.0 holds/,
    ],
    [
      'a workflow asks',
      { ignore: Array<string>(10_000).fill('a-layer-with-a-long-name-0123') },
      {},
      /ignore holds/,
    ],
  ])('ends in words what %s in over 256 kB', (_, settings, world, message) =>
    inFolder(async (store) => {
      const taskQueue = `large-${Object.keys(settings).length}`;
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue,
        plugins: [new FakedPlugin({ store }, world)],
      });
      // This client has Temporal's own converter: what it sends is for the worker to bound.
      const run = () =>
        server.client.workflow.execute(guidebook, {
          taskQueue,
          workflowId: taskQueue,
          args: [fakeInput(settings)],
        });
      const error = await worker.runUntil(run).catch((error: unknown) => error);
      expect(reasonOf(error)).toMatch(message);
    }),
  );

  it('clears what a killed worker left in the store', () =>
    inFolder(async (folder) => {
      const left = (await new FileStore(folder).scratch.name()).replace(`~${process.pid}~`, '~999999999~');
      mkdirSync(left);
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue: 'sweep',
        plugins: [new SlimflowPlugin({ store: folder })],
      });
      await worker.runUntil(async () => {
        while (existsSync(left)) await new Promise((resolve) => setTimeout(resolve, 20));
      });
      expect(existsSync(join(folder, 'scratch'))).toBe(true);
    }));
});
