import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { SlimflowPlugin } from '../../index';
import { FileStore } from '../../store/file-store';
import { guidebook } from '../../workflow';
import { fakeActivities, fakeInput } from '../support/fake-activities';
import { inFolder } from '../support/folder';
import type { nightly } from '../support/own-workflows';
import { temporal } from '../support/temporal';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

/** The plugin with fake activities in place of its own: what it registers, without the numbers. */
class Faked extends SlimflowPlugin {
  slots?: number;

  override configureWorker(options: Parameters<SlimflowPlugin['configureWorker']>[0]) {
    const configured = super.configureWorker(options);
    this.slots = configured.maxConcurrentActivityTaskExecutions;
    const { calls: _calls, ...activities } = fakeActivities();
    expect(Object.keys(configured.activities ?? {})).toEqual(expect.arrayContaining(Object.keys(activities)));
    return { ...configured, activities };
  }
}

describe('the plugin', () => {
  it('serves a worker without workflows of its own', () =>
    inFolder(async (store) => {
      const plugin = new Faked({ store, slots: 3 });
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
      const plugin = new Faked({ store });
      const worker = await Worker.create({
        connection: server.nativeConnection,
        taskQueue: 'own',
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
      expect(await worker.runUntil(run)).toBe('nightly: selected');
    }));

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
