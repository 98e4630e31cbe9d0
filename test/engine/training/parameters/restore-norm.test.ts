import { join } from 'node:path';

import { Dataset } from '../../../../engine/data/dataset';
import type { Graph } from '../../../../engine/onnx/graph';
import { loadModel } from '../../../../engine/onnx/model';
import type { Tensor } from '../../../../engine/tensor/tensor';
import {
  findTrainable,
  pack,
  unpack,
  withOwnConstants,
  withValues,
} from '../../../../engine/training/parameters/parameters';
import { restoreNorms } from '../../../../engine/training/parameters/restore-norm';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';
import { root } from '../support';

const options = { batch: 16, seed: 0, threads: 1 };
const resnet = () => withOwnConstants(loadModel(join(root, 'examples', 'digits', 'resnet20-digits.onnx')));

async function restored(graph: Graph, shape: readonly number[]) {
  const data = Dataset.random({ shape, samples: 24, seed: 1 });
  return restoreNorms(graph, await measureShapes(graph, shape), data, options);
}

/** All that training would change. */
async function valuesOf(graph: Graph): Promise<Map<string, Tensor>> {
  const shapes = await measureShapes(graph, graph.inputs[0].dims!.slice(1) as number[]);
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  const { parameters, statistics } = findTrainable(graph, graph.nodes, shapeOf, [graph.outputs[0].name]);
  return new Map([parameters, statistics].flatMap((layout) => [...unpack(layout, pack(graph, layout))]));
}

const norms = (graph: Graph) => graph.nodes.filter(({ opType }) => opType === 'BatchNormalization');

describe('restoreNorms', () => {
  test('puts a normalization after each convolution, and changes nothing of what is inferred', async () => {
    const graph = resnet();
    const { graph: after } = await restored(graph, [1, 28, 28]);
    const convolutions = graph.nodes.filter(({ opType }) => opType === 'Conv');
    expect(norms(after).map(({ output }) => output)).toEqual(convolutions.map(({ output }) => output));
    const x = randoms([3, 1, 28, 28], 2);
    expect(distance(await runOnce(after, x), await runOnce(graph, x))).toBeLessThan(1e-4);
  });

  test('running statistics are those of the data', async () => {
    const conv = { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } };
    const relu = { op: 'Relu', inputs: ['c'], outputs: ['y'] };
    const graph = modelOf(['x', ['n', 2, 6, 6]], [conv, relu], ['y'], { w: randoms([3, 2, 3, 3], 3) });
    const data = Dataset.random({ shape: [2, 6, 6], samples: 24, seed: 1 });
    const { graph: after } = await restored(graph, [2, 6, 6]);
    const plain = modelOf(['x', ['n', 2, 6, 6]], [{ ...conv, outputs: ['y'] }], ['y'], {
      w: graph.constant('w')!,
    });
    const x = { type: 'float32', dims: [24, 2, 6, 6], data: data.slice(0, 24).images } as const;
    const found = (await runOnce(plain, x)).data as Float32Array;
    const [{ input }] = norms(after);
    const [mean, variance] = input.slice(3).map((name) => after.constant(name)!.data as Float32Array);
    for (let channel = 0; channel < 3; channel++) {
      const own = found.filter((_, at) => Math.floor(at / 36) % 3 === channel);
      const average = own.reduce((sum, value) => sum + value, 0) / own.length;
      const spread = own.reduce((sum, value) => sum + (value - average) ** 2, 0) / own.length;
      expect(mean[channel]).toBeCloseTo(average, 4);
      expect(variance[channel]).toBeCloseTo(spread, 3);
    }
  });

  test('folded again, trained values infer as with their normalizations, in the original structure', async () => {
    const graph = resnet();
    const { graph: after, fold } = await restored(graph, [1, 28, 28]);
    // Values that training might have left: each a little off, variances still positive.
    const moved = new Map(
      [...(await valuesOf(after))].map(([name, tensor], at): [string, Tensor] => {
        const noise = randoms(tensor.dims, at).data;
        const data = (tensor.data as Float32Array).map(
          (value, i) => value * (1 + 0.1 * Math.tanh(noise[i])) + 0.001,
        );
        return [name, { ...tensor, data }];
      }),
    );
    const folded = fold(moved);
    expect(folded.nodes).toEqual(graph.nodes);
    expect(folded.initializers).toEqual(graph.initializers);
    const x = randoms([3, 1, 28, 28], 2);
    expect(distance(await runOnce(folded, x), await runOnce(withValues(after, moved), x))).toBeLessThan(1e-4);
  });

  test('logits, shared weights, single pixels and what is normalized stay as they are', async () => {
    const conv = (x: string, weight: string, y: string) => ({
      op: 'Conv',
      inputs: [x, weight],
      outputs: [y],
      attributes: { pads: [1, 1, 1, 1] },
    });
    const graph = modelOf(
      ['x', ['n', 4, 6, 6]],
      [
        conv('x', 'shared', 'a'),
        conv('a', 'shared', 'b'),
        conv('b', 'own', 'c'),
        conv('c', 'normalized', 'd'),
        { op: 'BatchNormalization', inputs: ['d', 'one', 'zero', 'zero', 'one'], outputs: ['e'] },
        { op: 'GlobalAveragePool', inputs: ['e'], outputs: ['pooled'] },
        conv('pooled', 'pixel', 'gate'),
        { op: 'Mul', inputs: ['e', 'gate'], outputs: ['f'] },
        conv('f', 'last', 'y'),
      ],
      ['y'],
      {
        ...Object.fromEntries(
          ['shared', 'own', 'normalized', 'pixel', 'last'].map((name, at) => [
            name,
            randoms([4, 4, 3, 3], at),
          ]),
        ),
        one: { ...randoms([4], 0), data: new Float32Array(4).fill(1) },
        zero: { ...randoms([4], 0), data: new Float32Array(4) },
      },
    );
    const { graph: after, fold } = await restored(graph, [4, 6, 6]);
    expect(norms(after).map(({ output }) => output)).toEqual([['c'], ['e']]);
    const folded = fold(await valuesOf(after));
    expect(folded.nodes.filter(({ input }) => input.length === 3).map(({ output }) => output)).toEqual([
      ['c'],
    ]);
    const x = randoms([3, 4, 6, 6], 9);
    expect(distance(await runOnce(folded, x), await runOnce(graph, x))).toBeLessThan(1e-4);
  });

  test('what training did not reach is folded as it was restored, or stays', async () => {
    const conv = (x: string, weight: string, y: string) => ({
      op: 'Conv',
      inputs: [x, weight],
      outputs: [y],
      attributes: { pads: [1, 1, 1, 1] },
    });
    const graph = modelOf(
      ['x', ['n', 4, 6, 6]],
      [
        conv('x', 'w1', 'a'),
        conv('a', 'w2', 'b'),
        conv('a', 'w3', 'c'),
        { op: 'Relu', inputs: ['b'], outputs: ['y'] },
      ],
      ['y'],
      Object.fromEntries(['w1', 'w2', 'w3'].map((name, at) => [name, randoms([4, 4, 3, 3], at)])),
    );
    const { graph: after, fold } = await restored(graph, [4, 6, 6]);
    expect(norms(after)).toHaveLength(3);
    const all = await valuesOf(after);
    // Before an obstacle a weight keeps its value, while statistics move; nothing of another output moves at all.
    const left = new Map([...all].filter(([name]) => !/^(w[13]|a (scale|shift)|c )/.test(name)));
    const [mean] = [...left.keys()].filter((name) => name.startsWith('a '));
    const moved = left.get(mean)!;
    left.set(mean, { ...moved, data: (moved.data as Float32Array).map((value) => value + 1) });
    const folded = fold(left);
    expect(folded.constant('w3')).toEqual(graph.constant('w3'));
    const x = randoms([3, 4, 6, 6], 9);
    expect(distance(await runOnce(folded, x), await runOnce(withValues(after, left), x))).toBeLessThan(1e-4);
  });
});
