import { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { join } from 'node:path';

import { startGuidebook, taskQueueOf } from '../../client/start-guidebook';
import { prepare } from '../../intake/prepare';
import type { LiveProgress } from '../../client/observation';
import { observe } from '../../client/observe';
import { failureTypeOf, reasonOf } from '../../contract/failure-reason';
import { saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { sha256 } from '../../store/digest';
import { FileStore } from '../../store/file-store';
import { hopeless, type World } from '../support/fake-activities';
import { fakeWorker, specIn } from '../support/fake-run';
import { inFolder } from '../support/folder';
import { randoms } from '../support/graphs';
import { temporal } from '../support/temporal';
import { tinyNetwork } from '../support/tiny';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const workerAt = (taskQueue: string, world?: Partial<World>) =>
  fakeWorker(server.nativeConnection, taskQueue, world);

describe('starting the guidebook', () => {
  it('takes model and data into the store, and names the run by them', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const input = await prepare(specIn(folder), store);
      expect(input.name).toBe('resnet');
      expect(await store.has(input.model)).toBe(true);
      expect(input.data.test).toEqual({ ...input.data.train, range: [0, 1] });
      expect(input.settings).not.toHaveProperty('outDir');
    }));

  it('takes in the files of the weights with the model: another weight is another model', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const spec = specIn(folder);
      const digestWith = async (seed: number) => {
        const graph = tinyNetwork();
        graph.setConstant('c3.weight', randoms([12, 12, 3, 3], seed));
        saveModel(graph, spec.model, { externalData: true });
        return (await prepare(spec, store)).model.sha256;
      };
      const first = await digestWith(1);
      expect(await digestWith(2)).not.toBe(first);
      expect(await digestWith(1)).toBe(first);
      const { model } = await prepare(spec, store);
      expect(openModel(await store.path(model)).constant('c3.weight')).toEqual(randoms([12, 12, 3, 3], 1));
    }));

  it('finds the run of the same spec that is under way; another spec, model or store is another run', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const start = (changes?: object, at = store) =>
        startGuidebook(server.client, specIn(folder, changes), { store: at, taskQueue: 'nobody' });
      const first = await start();
      const again = await start({ outDir: 'elsewhere' });
      expect([first.isResumed, again.isResumed]).toEqual([false, true]);
      expect(again.handle.workflowId).toBe(first.handle.workflowId);
      expect(first.handle.workflowId).toMatch(/^slimflow\/resnet\/[0-9a-f]{12}$/);
      expect((await first.handle.describe()).memo).toEqual({
        model: 'resnet',
        modelSha256: sha256('resnet.onnx'),
        target: 0.5,
        tolerance: 1,
        techniques: ['spatial-svd', 'channel-pruning'],
        spec: { target: 0.5, tolerance: 1 },
      });
      const others = [await start({ tolerance: 2 }), await start({}, new FileStore(join(folder, 'other')))];
      const ids = [first, ...others].map(({ handle }) => handle.workflowId);
      expect(new Set(ids).size).toBe(3);
      for (const { handle } of [first, ...others]) await handle.terminate();
      expect((await start()).isResumed).toBe(false);
      await server.client.workflow.getHandle(first.handle.workflowId).terminate();
    }));

  it('is followed to the end: stages, and what each candidate is at', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const taskQueue = await taskQueueOf(store);
      let seen = false;
      const world: Partial<World> = {
        // Fine-tuning waits until the follower has seen that of the candidate looked for.
        before: async (name) => {
          while (name === 'fineTune' && !seen) await new Promise((resolve) => setTimeout(resolve, 20));
        },
      };
      const worker = await workerAt(taskQueue, world);
      await worker.runUntil(async () => {
        const { handle } = await startGuidebook(server.client, specIn(folder), { store, taskQueue });
        const told: LiveProgress[] = [];
        for await (const { progress, end } of observe(server.client, handle.workflowId, { intervalMs: 50 })) {
          if (progress) told.push(progress);
          seen ||= progress?.doing['ssvd-0.50']?.activity === 'fineTune';
          if (end) expect(end.result).toEqual(await handle.result());
        }
        expect((await handle.result()).outcome).toBe('selected');
        expect(told.at(-1)).toMatchObject({ stage: 'done', doing: {} });
        expect(told.find(({ doing }) => doing['ssvd-0.50'])?.doing['ssvd-0.50'].attempt).toBe(1);
      });
    }));

  it('can be left alone, and says why it failed', () =>
    inFolder(async (folder) => {
      const store = new FileStore(join(folder, 'store'));
      const { handle } = await startGuidebook(server.client, specIn(folder), { store, taskQueue: 'later' });
      const looks = observe(server.client, handle.workflowId, { signal: AbortSignal.timeout(200) });
      const left = async () => {
        for await (const { end } of looks) expect(end).toBeUndefined();
      };
      await expect(left()).rejects.toMatchObject({ name: 'AbortError' });
      expect((await handle.describe()).status.name).toBe('RUNNING');
      const world: Partial<World> = {
        before: () => {
          throw hopeless('InvalidModel', 'no such model');
        },
      };
      const worker = await workerAt('later', world);
      const error = await worker.runUntil(() => handle.result().catch((error: unknown) => error));
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect(reasonOf(error)).toBe('no such model');
      expect(failureTypeOf(error)).toBe('InvalidModel');
    }));
});
