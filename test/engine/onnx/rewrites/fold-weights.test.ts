import fc from 'fast-check';

import { layersOf } from '../../../../engine/onnx/layers';
import { prepare } from '../../../../engine/onnx/open-model';
import { cancelTransposes } from '../../../../engine/onnx/rewrites/cancel-transposes';
import { foldWeights, permute } from '../../../../engine/onnx/rewrites/fold-weights';
import { int64s } from '../../../../engine/tensor/tensor';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

/** A channels-last network as converters of Keras models write it: Transposes around convolutions, BiasAdd, MatMul. */
const keras = () =>
  modelOf(
    ['x', ['batch', 8, 8, 3]],
    [
      { op: 'Transpose', inputs: ['x'], outputs: ['x.nchw'], attributes: { perm: [0, 3, 1, 2] } },
      { op: 'Pad', inputs: ['x.nchw', 'pads'], outputs: ['padded'] },
      { op: 'Transpose', inputs: ['k1'], outputs: ['k1.oihw'], attributes: { perm: [3, 2, 0, 1] } },
      { op: 'Conv', inputs: ['padded', 'k1.oihw'], outputs: ['c1'], attributes: { strides: [2, 2] } },
      { op: 'Transpose', inputs: ['c1'], outputs: ['c1.nhwc'], attributes: { perm: [0, 2, 3, 1] } },
      { op: 'Transpose', inputs: ['c1.nhwc'], outputs: ['c1.nchw'], attributes: { perm: [0, 3, 1, 2] } },
      { op: 'Conv', inputs: ['c1.nchw', 'k2'], outputs: ['c2'], attributes: { auto_pad: 'SAME_LOWER' } },
      { op: 'Transpose', inputs: ['c2'], outputs: ['c2.nhwc'], attributes: { perm: [0, 2, 3, 1] } },
      { op: 'Add', inputs: ['c2.nhwc', 'bias'], outputs: ['added'] },
      { op: 'Relu', inputs: ['added'], outputs: ['relu'] },
      { op: 'ReduceMean', inputs: ['relu', 'spatial'], outputs: ['pooled'] },
      { op: 'Squeeze', inputs: ['pooled', 'spatial'], outputs: ['flat'] },
      { op: 'Unsqueeze', inputs: ['w', 'one'], outputs: ['w3'] },
      { op: 'Squeeze', inputs: ['w3', 'one'], outputs: ['w2'] },
      { op: 'MatMul', inputs: ['flat', 'w2'], outputs: ['z'] },
      { op: 'Add', inputs: ['z', 'b'], outputs: ['y'] },
    ],
    ['y', ['batch', 4]],
    {
      pads: int64s([0, 0, 0, 0, 0, 0, 1, 1]),
      spatial: int64s([1, 2]),
      one: int64s([1]),
      k1: randoms([3, 3, 3, 6], 1),
      k2: randoms([5, 6, 3, 3], 2),
      bias: randoms([5], 3),
      w: randoms([5, 4], 4),
      b: randoms([4], 5),
    },
    18,
  );

it('weights behind Transpose, Squeeze and Unsqueeze are layers, and the model computes the same', async () => {
  const graph = keras();
  const x = randoms([2, 8, 8, 3], 6);
  const expected = await runOnce(graph, x);
  prepare(graph);
  expect(layersOf(graph).map(({ node, dims, macs }) => [node.opType, dims, macs])).toEqual([
    ['Conv', [6, 3, 3, 3], 162 * 16],
    ['Conv', [5, 6, 3, 3], 270 * 16],
    ['MatMul', [5, 4], 20],
  ]);
  expect(graph.nodes.filter(({ opType }) => opType === 'Transpose')).toHaveLength(2);
  expect(distance(await runOnce(graph, x), expected)).toBeLessThan(1e-6);
});

it('a weight that others read too is left, since a copy would make the model larger', () => {
  const graph = modelOf(
    ['x', ['batch', 4]],
    [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Transpose', inputs: ['w'], outputs: ['wt'] },
      { op: 'MatMul', inputs: ['a', 'wt'], outputs: ['y'] },
    ],
    ['y'],
    { w: randoms([4, 3], 1) },
  );
  foldWeights(graph);
  expect(graph.nodes).toHaveLength(3);
});

it('permute orders axes as NumPy does, and back', () => {
  const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.nat()), (dims, keys) => {
      const order = dims.map((_, axis) => [keys.next().value as number, axis]).sort(([a], [b]) => a - b);
      const perm = order.map(([, axis]) => axis);
      const tensor = randoms(dims, 1);
      const back = perm.map((_, axis) => perm.indexOf(axis));
      expect(permute(permute(tensor, perm), back)).toEqual(tensor);
    }),
  );
  expect([
    ...permute({ type: 'int32', dims: [2, 3], data: Int32Array.of(1, 2, 3, 4, 5, 6) }, [1, 0]).data,
  ]).toEqual([1, 4, 2, 5, 3, 6]);
});

it('two Transposes that do not undo each other become one', async () => {
  const transpose = (input: string, output: string, perm: number[]) => ({
    op: 'Transpose',
    inputs: [input],
    outputs: [output],
    attributes: { perm },
  });
  const graph = modelOf(
    ['x', [2, 3, 4]],
    [transpose('x', 'a', [1, 2, 0]), transpose('a', 'y', [0, 2, 1])],
    ['y', [3, 2, 4]],
    {},
  );
  const x = randoms([2, 3, 4], 1);
  const expected = await runOnce(graph, x);
  cancelTransposes(graph);
  expect(graph.nodes).toHaveLength(1);
  expect(await runOnce(graph, x)).toEqual(expected);
});
