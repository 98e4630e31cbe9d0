import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import { toolsOf } from '../../../engine/jobs/backends';
import { plainMethod } from '../../../engine/jobs/list-parts';
import type { CompressInput } from '../../../engine/jobs/types';
import { verify } from '../../../engine/jobs/verify';
import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import { floats, type FloatTensor } from '../../../engine/tensor/tensor';
import { inFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';

const pads = { attributes: { pads: [1, 1, 1, 1] } };
const conv = (name: string, from: string, bias = false): NodeFields => ({
  op: 'Conv',
  inputs: [from, `${name}.w`, ...(bias ? ['b'] : [])],
  outputs: [name],
  ...pads,
});
const node = (op: string, inputs: string[], output: string): NodeFields => ({
  op,
  inputs,
  outputs: [output],
});

/** A graph of two convolutions and what closes it. */
const network = (before: readonly NodeFields[], closing: readonly NodeFields[], bias: number): Graph =>
  modelOf(
    ['x', ['batch', 3, 16, 16]],
    [
      ...before,
      conv('a', before.at(-1)?.outputs[0] ?? 'x'),
      node('Relu', ['a'], 'r'),
      conv('c', 'r', true),
      ...closing,
    ],
    ['y'],
    {
      'a.w': scaled(randoms([8, 3, 3, 3], 1), 0.3),
      'c.w': scaled(randoms([2, 8, 3, 3], 2), 0.05),
      b: floats([2], [bias, bias]),
      power: floats([], [2.2]),
      large: floats([], [3e5]),
      shape: { type: 'int64', dims: [3], data: BigInt64Array.of(0n, 2n, -1n) },
    },
  );
const scaled = (tensor: FloatTensor, by: number): FloatTensor =>
  floats(
    tensor.dims,
    tensor.data.map((value) => value * by),
  );

/** A graph with a weight that is `by` times as large. */
function changed(graph: Graph, by: number): Graph {
  const copy = graph.clone();
  copy.setConstant('a.w', scaled(copy.constant('a.w') as FloatTensor, by));
  return copy;
}

const random: CompressInput['train'] = { random: { samples: 8, seed: 0 } };
async function verified(graph: Graph, by: number, train = random): Promise<void> {
  const tools = await toolsOf({ provider: 'cpu', linearAlgebra: 'ml-matrix', threads: 1 });
  const method = { ...plainMethod, technique: 'weight-svd' } as const;
  const made = { graph: changed(graph, by), equivalent: graph, notes: [] };
  await verify(made, { model: 'model.onnx', method, train }, tools);
}

/** Networks that exact rewrites changed by more than 1e-5, by what closes them. */
const closed: [string, NodeFields[], number][] = [
  ['a Sigmoid about 1e-7', [node('Sigmoid', ['c'], 'y')], -16],
  [
    'a Sigmoid about 1e-7 that is reshaped',
    [node('Sigmoid', ['c'], 's'), node('Reshape', ['s', 'shape'], 'y')],
    -16,
  ],
  [
    'a Sigmoid beside the logits',
    [node('Sigmoid', ['c'], 's'), { ...node('Concat', ['s', 'c'], 'y'), attributes: { axis: 1 } }],
    -16,
  ],
  ['a Softmax', [node('Softmax', ['c'], 'y')], 0],
  ['numbers that cancel', [node('Add', ['c', 'large'], 's'), node('Sub', ['s', 'large'], 'y')], 0],
];

describe('verify', () => {
  it.each(closed)('behind %s, rounding passes and a wrong rewrite does not', async (_, closing, bias) => {
    const graph = network([], closing, bias);
    await expect(verified(graph, 1 + 2 ** -22)).resolves.toBeUndefined();
    await expect(verified(graph, 1.2)).rejects.toThrow(
      /^the rewritten model does not compute what it should \(relative error .* in [cys]\): Slimflow misreads something in model\.onnx/,
    );
  });

  it('compares on the data that are given, and asks for some where noise tells nothing', () =>
    inFolder(async (folder) => {
      const graph = network([node('Pow', ['x', 'power'], 'linear')], [node('Relu', ['c'], 'y')], 1);
      await expect(verified(graph, 1)).rejects.toThrow(
        /^model\.onnx computes NaN or infinities in y from random inputs, so the compressed model can't be compared .* \(--data\)$/,
      );
      const images = join(folder, 'images.npy');
      const pixels = randoms([5, 3, 16, 16], 3).data.map((value) => Math.abs(value) % 1);
      writeNpy(images, floats([5, 3, 16, 16], pixels));
      await expect(verified(graph, 1, { images })).resolves.toBeUndefined();
      await expect(verified(graph, 1.2, { images })).rejects.toThrow(/does not compute what it should/);
      writeNpy(images, floats([5, 3, 16, 16], pixels.fill(NaN)));
      await expect(verified(graph, 1, { images })).rejects.toThrow(
        /from the training data: check its weights/,
      );
    }));
});
