import fc from 'fast-check';

import { makeNode } from '../../../engine/onnx/graph';
import { layersOf, macsOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/prepare';
import { channelPaths } from '../../../engine/pruning/channel-path';
import { pruneChannels, prunedMacs } from '../../../engine/pruning/prune';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

/** conv (4 filters) → normalization → per-channel scale → activation → pooling → conv: all that a path may hold. */
const network = (seed: number, activation: string) =>
  modelOf(
    ['x', ['batch', 2, 8, 8]],
    [
      { op: 'Conv', inputs: ['x', 'w1', 'b1'], outputs: ['a'], attributes: { pads: [1, 1, 1, 1] } },
      { op: 'BatchNormalization', inputs: ['a', 'scale', 'shift', 'mean', 'var'], outputs: ['b'] },
      { op: 'Mul', inputs: ['gain', 'b'], outputs: ['c'] },
      { op: activation, inputs: ['c'], outputs: ['d'] },
      { op: 'MaxPool', inputs: ['d'], outputs: ['e'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      { op: 'Conv', inputs: ['e', 'w2'], outputs: ['y'] },
    ],
    ['y'],
    {
      w1: randoms([4, 2, 3, 3], seed),
      b1: randoms([4], seed + 1),
      scale: randoms([4], seed + 2),
      shift: randoms([4], seed + 3),
      mean: randoms([4], seed + 4),
      var: { ...randoms([4], 1), data: Float32Array.from([1, 2, 0.5, 1]) },
      gain: randoms([1, 4, 1, 1], seed + 5),
      w2: randoms([3, 4, 3, 3], seed + 6),
    },
  );

it('a pruned graph computes what the masked one does, and costs what was predicted', async () => {
  const keeps = fc.subarray([0, 1, 2, 3], { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      keeps,
      fc.constantFrom('Relu', 'Sigmoid', 'HardSwish'),
      async (seed, keep, activation) => {
        const graph = network(seed, activation);
        const mask = graph.clone();
        const w2 = graph.constant('w2') as FloatTensor;
        const data = w2.data.map((w, at) => (keep.includes(Math.floor(at / 9) % 4) ? w : 0));
        mask.setConstant('w2', { ...w2, data });
        const layers = layersOf(graph);
        const paths = channelPaths(graph, layers);
        expect(paths).toHaveLength(1);
        const predicted = prunedMacs(layers, paths, [keep.length]);
        pruneChannels(graph, paths[0], keep);
        const x = randoms([2, 2, 8, 8], seed);
        expect(distance(await runOnce(graph, x), await runOnce(mask, x))).toBeLessThan(1e-5);
        expect(macsOf(graph)).toBe(predicted);
      },
    ),
    { numRuns: 40 },
  );
});

it('parameters that an optimizer merged within a normalization are sliced once', async () => {
  const graph = network(3, 'Relu');
  const node = graph.nodes[1];
  graph.setInput(node, 3, node.input[2]); // the mean is the shift
  graph.removeDead();
  const mask = graph.clone();
  const w2 = graph.constant('w2') as FloatTensor;
  mask.setConstant('w2', {
    ...w2,
    data: w2.data.map((w, at) => ([1, 3].includes(Math.floor(at / 9) % 4) ? w : 0)),
  });
  const [path] = channelPaths(graph, layersOf(graph));
  pruneChannels(graph, path, [1, 3]);
  const x = randoms([1, 2, 8, 8], 1);
  expect(distance(await runOnce(graph, x), await runOnce(mask, x))).toBeLessThan(1e-5);
});

describe('channelPaths', () => {
  it('stops at a constant that makes many channels of one, and at a bias that is computed', () => {
    const stretched = modelOf(
      ['x', ['batch', 2, 4, 4]],
      [
        { op: 'Conv', inputs: ['x', 'w1'], outputs: ['a'] },
        { op: 'Mul', inputs: ['a', 'gain'], outputs: ['b'] },
        { op: 'Conv', inputs: ['b', 'w2'], outputs: ['y'] },
      ],
      ['y'],
      { w1: randoms([1, 2, 1, 1], 1), gain: randoms([3, 1, 1], 2), w2: randoms([2, 3, 1, 1], 3) },
    );
    expect(channelPaths(stretched, layersOf(stretched))).toEqual([]);
    const graph = network(1, 'Relu');
    graph.insert([makeNode({ op: 'Neg', inputs: ['w3'], outputs: ['computed'] })], graph.nodes[0]);
    graph.setConstant('w3', randoms([3], 1));
    graph.setInput(graph.nodes[6], 2, 'computed');
    expect(channelPaths(graph, layersOf(graph))).toEqual([]);
  });

  it.each([
    ['', 9],
    ['bn.', 9],
    ['dynamo.', 9],
  ] as const)(
    'winnows within the nine blocks of resnet20-digits.%sonnx and stops where branches join',
    (name, count) => {
      const graph = openModel(digitsModel(name));
      const paths = channelPaths(graph, layersOf(graph));
      expect(paths).toHaveLength(count);
      expect(paths.every(({ parameters }) => parameters.length === (name === 'bn.' ? 4 : 0))).toBe(true);
    },
  );

  it.each([
    ['a second reader', [{ op: 'Relu', inputs: ['a'], outputs: ['z'] }]],
    ['an operator that mixes channels', []],
  ])('stops at %s', (_, extra) => {
    const between = extra.length ? 'Relu' : 'Softmax';
    const graph = modelOf(
      ['x', ['batch', 2, 4, 4]],
      [
        { op: 'Conv', inputs: ['x', 'w1'], outputs: ['a'] },
        ...extra,
        { op: between, inputs: ['a'], outputs: ['b'] },
        { op: 'Conv', inputs: ['b', 'w2'], outputs: ['y'] },
      ],
      ['y'],
      { w1: randoms([3, 2, 1, 1], 1), w2: randoms([2, 3, 1, 1], 2) },
    );
    expect(channelPaths(graph, layersOf(graph))).toEqual([]);
  });
});
