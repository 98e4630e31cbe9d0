import { WorkflowFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';

import type { Activities } from '../../contract/activities';
import type { ScoringInput, ScoringLimits } from '../../contract/run';
import { pauseSignal, resumeSignal, scoreModel, scoringQuery } from '../../workflow';
import { type Calls, fakeRef, hopeless, type World } from '../support/fake-activities';
import { chain, historySize, withFakeWorker } from '../support/fake-server';
import { scoringInput } from '../support/scoring';
import { temporal } from '../support/temporal';
import { until } from '../support/until';

const layers = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);

let server: TestWorkflowEnvironment;
let runs = 0;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

/** Starts the scoring of `total` layers c0, c1, … in a fake world. */
async function scoring<T>(
  total: number,
  { world, ...limits }: Partial<ScoringLimits> & { world?: Partial<World> },
  use: (handle: Awaited<ReturnType<typeof start>>, calls: Calls) => Promise<T>,
): Promise<T> {
  const taskQueue = `scoring-${++runs}`;
  const parts = layers(total).map((name) => ({ name, technique: 'spatial-svd' as const }));
  return withFakeWorker(server, taskQueue, { world: { parts, ...world } }, async (calls) =>
    use(await start(taskQueue, scoringInput(total, limits)), calls),
  );
}
const start = (taskQueue: string, input: ScoringInput) =>
  server.client.workflow.start(scoreModel, { taskQueue, workflowId: taskQueue, args: [input] });

const asked = <Name extends keyof Activities>(calls: Calls, name: Name) =>
  calls.filter(([one]) => one === name).map(([, request]) => request as Parameters<Activities[Name]>[0]);
const scoredLayers = (calls: Calls) => asked(calls, 'scoreLayer').map(({ layer }) => layer);
const refs = (...names: string[]) => names.map((name) => fakeRef(`${name} spatial-svd`));

describe('the scoring of a model', () => {
  it('collects layers in the order of the model, whichever is done first', async () => {
    let lastBegun = () => {};
    const last = new Promise<void>((resolve) => (lastBegun = resolve));
    const before: World['before'] = async (_, request) => {
      const { layer } = request as { layer?: string };
      if (layer === 'c3') lastBegun();
      else if (layer) await last;
    };
    await scoring(4, { world: { before } }, async (handle, calls) => {
      expect(await handle.result()).toEqual(fakeRef('scores'));
      expect(asked(calls, 'collectScores')).toEqual([{ layers: refs('c0', 'c1', 'c2', 'c3') }]);
    });
  });

  it('has a bounded number of layers under way', async () => {
    let now = 0;
    let most = 0;
    const before: World['before'] = async (name) => {
      if (name !== 'scoreLayer') return;
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
    };
    await scoring(8, { inFlight: 2, world: { before } }, async (handle, calls) => {
      await handle.result();
      expect(scoredLayers(calls)).toHaveLength(8);
      expect(most).toBeLessThanOrEqual(2);
    });
  });

  it('continues as new by the page, carries what it has in one artifact, and scores each layer once', () =>
    scoring(7, { layers: 3 }, async (handle, calls) => {
      expect(await handle.result()).toEqual(fakeRef('scores'));
      expect(scoredLayers(calls).sort()).toEqual(layers(7));
      expect(asked(calls, 'collectScores')).toEqual([
        { layers: refs('c0', 'c1', 'c2') },
        { before: fakeRef('scores'), layers: refs('c3', 'c4', 'c5') },
        { before: fakeRef('scores'), layers: refs('c6') },
      ]);
      expect(await chain(server, handle.workflowId)).toHaveLength(3);
      expect(await server.client.workflow.getHandle(handle.workflowId).query(scoringQuery)).toMatchObject({
        done: 7,
        total: 7,
      });
    }));

  it.each([
    ['events', { events: 40 }, ({ events }: { events: number }) => events, 100],
    ['bytes', { bytes: 20_000 }, ({ bytes }: { bytes: number }) => bytes, 2 * 20_000],
  ])('continues as new once its history has enough %s', (_, limits, figure, most) =>
    scoring(20, { inFlight: 2, ...limits }, async (handle, calls) => {
      await handle.result();
      expect(scoredLayers(calls).sort()).toEqual(layers(20).sort());
      const sizes = await Promise.all((await chain(server, handle.workflowId)).map(historySize));
      expect(sizes.length).toBeGreaterThan(1);
      for (const size of sizes) expect(figure(size)).toBeLessThan(most);
    }),
  );

  it('begins no layer while it is paused, whoever continues it as new', async () => {
    // The pause comes while the scores of c0 and c1, the first run's page, are collected.
    let leave = () => {};
    const left = new Promise<void>((resolve) => (leave = resolve));
    const before: World['before'] = (name) => (name === 'collectScores' ? left : undefined);
    await scoring(4, { inFlight: 2, layers: 2, world: { before } }, async (handle, calls) => {
      await until(() => asked(calls, 'collectScores').length === 1);
      await handle.signal(pauseSignal, { by: 'ada', reason: 'the GPU is needed' });
      leave();
      const latest = server.client.workflow.getHandle<typeof scoreModel>(handle.workflowId);
      await until(async () => (await chain(server, handle.workflowId)).length === 2);
      expect(await latest.query(scoringQuery)).toMatchObject({
        done: 2,
        paused: { by: 'ada', reason: 'the GPU is needed' },
      });
      expect(scoredLayers(calls).sort()).toEqual(['c0', 'c1']);
      await latest.signal(resumeSignal, { by: 'ada' });
      await handle.result();
      expect(scoredLayers(calls).sort()).toEqual(layers(4));
    });
  });

  it('fails with the first layer that fails, and begins no other', async () => {
    const before: World['before'] = (name) => {
      if (name === 'scoreLayer') throw hopeless('InvalidSettings', 'bad layer');
    };
    await scoring(5, { inFlight: 1, world: { before } }, async (handle, calls) => {
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
      expect(scoredLayers(calls)).toEqual(['c0']);
      expect(asked(calls, 'collectScores')).toEqual([]);
    });
  });
});
