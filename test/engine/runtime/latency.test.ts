import fc from 'fast-check';

import { layersOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import { isotonic, LatencyCurve, layerAlone } from '../../../engine/runtime/latency-curve';
import { profile } from '../../../engine/runtime/profile';
import { speedOf, timedFeeds, timeGraphs, timeKernels, timingOf } from '../../../engine/runtime/timing';
import { inPlace, ownKernels } from '../../../engine/runtime/layer-in-place';
import type { Graph } from '../../../engine/onnx/graph';
import { modelOf, randoms } from '../../support/graphs';
import { tinyNetwork } from '../../support/tiny';

const points = fc.uniqueArray(
  fc.record({ units: fc.integer({ min: 1, max: 64 }), ms: fc.double({ min: 0, max: 10, noNaN: true }) }),
  { selector: ({ units }) => units, minLength: 1, maxLength: 6 },
);

describe('a latency curve', () => {
  it('never falls, and stays within what was measured', () => {
    fc.assert(
      fc.property(points, (measured) => {
        const curve = new LatencyCurve(measured);
        const values = Array.from({ length: 70 }, (_, units) => curve.ms(units));
        const ms = measured.map((point) => point.ms);
        for (let at = 1; at < values.length; at++)
          expect(values[at]).toBeGreaterThanOrEqual(values[at - 1] - 1e-12);
        expect(Math.min(...values)).toBeGreaterThanOrEqual(Math.min(...ms) - 1e-12);
        expect(Math.max(...values)).toBeLessThanOrEqual(Math.max(...ms) + 1e-12);
      }),
    );
  });

  it('goes through points in order, straight between them, level beyond them', () => {
    const curve = new LatencyCurve([
      { units: 8, ms: 4 },
      { units: 2, ms: 1 },
    ]);
    expect([1, 2, 5, 8, 9].map((units) => curve.ms(units))).toEqual([1, 1, 2.5, 4, 4]);
  });

  it('needs a point', () => {
    expect(() => new LatencyCurve([])).toThrow(/needs at least one measured point/);
  });
});

it('isotonic regression keeps the mean, and what is in order already', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1 }), (values) => {
      const sum = (list: readonly number[]) => list.reduce((total, value) => total + value, 0);
      const fitted = isotonic(values);
      expect(sum(fitted)).toBeCloseTo(sum(values), 6);
      expect(isotonic(fitted)).toEqual(fitted);
      const sorted = [...values].sort((a, b) => a - b);
      expect(isotonic(sorted)).toEqual(sorted);
    }),
  );
});

it('a timing is the median, the least, and half the distance between the quartiles', () => {
  const times = [5, 1, 2, 3, 4];
  expect(timingOf(times)).toEqual({ ms: 3, least: 1, noise: 1 / 3, times });
});

it('feeds have the batch that was asked for; one that the model fixes can not be another', () => {
  expect(timedFeeds(tinyNetwork(), { batch: 4 }).x.dims).toEqual([4, 1, 8, 8]);
  expect(timedFeeds(tinyNetwork(), {}).x.dims).toEqual([1, 1, 8, 8]);
  expect(() => timedFeeds(tinyNetwork(), { batch: 4, inputShape: [1, 1, 8, 8] })).toThrow(
    /latency\.batch is 4, but input x has a fixed batch of 1/,
  );
});

it('a speed is by the rounds, so that what slows all of a round leaves it as it is', () => {
  const [own, other] = [timingOf([1, 2, 5, 1, 10]), timingOf([2, 4, 10, 3, 10])];
  expect(speedOf(own, other)).toEqual({ faster: 2, noise: 0 });
  expect(speedOf(timingOf([1, 1, 1]), timingOf([1, 2, 3]))).toEqual({ faster: 2, noise: 0.5 });
});

it('a profile names each node with its operator, provider and time', async () => {
  const { nodes, ms } = await profile(tinyNetwork(), { threads: 1, runs: 4, provider: 'cpu' });
  expect(nodes.filter(({ op }) => op === 'Conv')).toHaveLength(3);
  expect(nodes.every(({ node, provider }) => node && provider === 'CPUExecutionProvider')).toBe(true);
  expect(ms).toBeGreaterThan(0);
});

it('graphs are timed in turn, with a figure each', async () => {
  const rounds: number[] = [];
  const onRun = (done: number) => void rounds.push(done);
  const timings = await timeGraphs([tinyNetwork(), tinyNetwork()], { threads: 1, runs: 3, onRun });
  expect(timings).toHaveLength(2);
  expect(rounds).toEqual([0, 0, 0, 0, 1, 2]);
  for (const { ms, least } of timings) expect(ms >= least && least > 0).toBe(true);
  await expect(
    timeGraphs([tinyNetwork()], {
      threads: 1,
      runs: 3,
      onRun: () => {
        throw new Error('stopped');
      },
    }),
  ).rejects.toThrow('stopped');
});

it('a layer alone is a graph from what it reads to what it gives', async () => {
  const graph = tinyNetwork();
  const shapes = inferShapes(graph);
  const alone = layerAlone(graph, layersOf(graph, shapes)[1], shapes);
  expect([alone.inputs[0].name, alone.outputs[0].name]).toEqual(['c1.relu', 'c2']);
  expect(await timeKernels([alone], { threads: 1, runs: 2 })).toHaveLength(1);
});

describe('a layer in its place', () => {
  const [graph, channels] = [tinyNetwork(), 16];
  const wide = modelOf(
    ['x', [1, channels, 8, 8]],
    ['a', 'b', 'c'].map((name, at, all) => ({
      op: 'Conv',
      name,
      inputs: [at ? all[at - 1] : 'x', `${name}.weight`],
      outputs: [name],
    })),
    ['c', [1, channels, 8, 8]],
    Object.fromEntries(
      ['a', 'b', 'c'].map((name, at) => [`${name}.weight`, randoms([channels, channels, 1, 1], at)]),
    ),
  );
  const placed = (whole: Graph, at: number) => {
    const shapes = inferShapes(whole);
    return inPlace(layerAlone(whole, layersOf(whole, shapes)[at], shapes), whole);
  };
  const opsOf = async (one: Graph) =>
    ownKernels((await profile(one, { threads: 1, runs: 1, provider: 'cpu' })).nodes).map(({ op }) => op);

  it('gets what it reads, and gives what it computes, in the blocked layout', async () => {
    expect(await opsOf(placed(wide, 1))).toEqual(['Conv']);
    const shapes = inferShapes(wide);
    expect(await opsOf(layerAlone(wide, layersOf(wide, shapes)[1], shapes))).toEqual([
      'ReorderInput',
      'Conv',
      'ReorderOutput',
    ]);
  });

  it('pays for reordering at an end of the network, as it does there', async () => {
    expect(await opsOf(placed(wide, 0))).toEqual(['ReorderInput', 'Conv']);
    expect(await opsOf(placed(wide, 2))).toEqual(['Conv', 'ReorderOutput']);
  });

  it('stays as it is if it reads and gives no maps, or is a whole network', () => {
    const shapes = inferShapes(graph);
    const [fc] = layersOf(graph, shapes).slice(-1);
    const alone = layerAlone(graph, fc, shapes);
    expect(inPlace(alone, graph)).toBe(alone);
  });
});
