import { join } from 'node:path';

import type { NodeFields } from '../../../../engine/onnx/graph';
import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import { openBatch } from '../../../../engine/onnx/rewrites/open-batch';
import { floats, int64s, type FloatTensor } from '../../../../engine/tensor/tensor';
import { inFolder } from '../../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../../support/graphs';

const conv = { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } };
const node = (op: string, inputs: string[], output: string): NodeFields => ({
  op,
  inputs,
  outputs: [output],
});

/** An export for batches of `size` images [3, 4, 4], by what follows its convolution [size, 4, 4, 4]. */
const fixed = (
  size: number,
  after: readonly NodeFields[],
  targets: Readonly<Record<string, readonly number[]>>,
) =>
  modelOf(['x', [size, 3, 4, 4]], [conv, ...after], ['y'], {
    w: randoms([4, 3, 3, 3], 1),
    fc: randoms([64, 5], 2),
    token: randoms([1, 1, 4], 4),
    wi: randoms([1, 12, 4], 5),
    wh: randoms([1, 12, 4], 6),
    ...Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, int64s(target)])),
  });

const flat = [node('Reshape', ['c', 'to'], 'f'), node('MatMul', ['f', 'fc'], 'y')];
/** As YOLO's attention has it: heads apart, then together again, the batch folded into the heads in between. */
const heads = [
  node('Reshape', ['c', 'apart'], 'a'),
  node('Softmax', ['a'], 's'),
  node('Reshape', ['s', 'folded'], 'b'),
  node('Relu', ['b'], 'r'),
  node('Reshape', ['r', 'to'], 'f'),
  node('MatMul', ['f', 'fc'], 'y'),
];

const conv1 = { ...node('Relu', ['c'], 'r') };
/** A token [1, 1, 4] that each sample gets a copy of, before a sequence [size, 16, 4]. */
const token = (copies: readonly NodeFields[], from: string): NodeFields[] => [
  node('Reshape', ['c', 'rows'], 'p'),
  { ...node('Transpose', ['p'], 'q'), attributes: { perm: [0, 2, 1] } },
  ...copies,
  { ...node('Concat', [from, 'q'], 's'), attributes: { axis: 1 } },
  node('Mul', ['s', 's'], 'y'),
];
const sliced = [conv1, node('Slice', ['r', 'from', 'end', 'axes'], 'y')];
const added = [
  node('ConstantOfShape', ['all'], 'zeros'),
  node('Add', ['c', 'zeros'], 'a'),
  node('Expand', ['a', 'all'], 'y'),
];
/** A recurrence over the rows of an image, from a first state of zeros. */
const recurrent = [
  node('Reshape', ['c', 'rows'], 'p'),
  { ...node('Transpose', ['p'], 't'), attributes: { perm: [2, 0, 1] } },
  node('ConstantOfShape', ['state'], 'h'),
  {
    op: 'GRU',
    inputs: ['t', 'wi', 'wh', '', '', 'h'],
    outputs: ['g'],
    attributes: { hidden_size: 4 },
  },
  { ...node('Transpose', ['g'], 'y'), attributes: { perm: [2, 0, 1, 3] } },
];

describe('openBatch', () => {
  it('leaves a batch fixed, and ends, if a target without elements can not say that it grows', () => {
    const none = [
      { op: 'Slice', inputs: ['c', 'from', 'from', 'axis'], outputs: ['e'] },
      node('Reshape', ['e', 'to'], 'y'),
    ];
    expect(openBatch(fixed(2, none, { from: [0], axis: [1], to: [4, 0] }))).toBeUndefined();
  });

  it.each<[string, number, readonly NodeFields[], Record<string, readonly number[]>]>([
    ['1 in a Reshape', 1, flat, { to: [1, 64] }],
    ['4 in a Reshape', 4, flat, { to: [4, 64] }],
    ['4 in a Reshape that finds its size', 4, flat, { to: [4, -1] }],
    ['1 in three Reshapes', 1, heads, { apart: [1, 2, 2, 16], folded: [2, 2, 16], to: [1, 64] }],
    ['3 in three Reshapes', 3, heads, { apart: [3, 2, 2, 16], folded: [6, 2, 16], to: [3, 64] }],
    ['1 in a Slice', 1, sliced, { from: [0, 1], end: [1, 3], axes: [0, 1] }],
    ['4 in a Slice', 4, sliced, { from: [0, 1], end: [4, 3], axes: [0, 1] }],
    ['1 in a ConstantOfShape and an Expand', 1, added, { all: [1, 4, 4, 4] }],
    ['4 in a ConstantOfShape and an Expand', 4, added, { all: [4, 4, 4, 4] }],
    ['1 in a token', 1, token([], 'token'), { rows: [1, 4, 16] }],
    [
      '4 in an Expand of a token',
      4,
      token([node('Expand', ['token', 'all'], 'k')], 'k'),
      { rows: [4, 4, 16], all: [4, 1, 4] },
    ],
    [
      '4 in a Tile of a token',
      4,
      token([node('Tile', ['token', 'all'], 'k')], 'k'),
      { rows: [4, 4, 16], all: [4, 1, 1] },
    ],
    ['1 in a first state', 1, recurrent, { rows: [1, 4, 16], state: [1, 1, 4] }],
    ['4 in a first state', 4, recurrent, { rows: [4, 4, 16], state: [1, 4, 4] }],
  ])('opens a batch of %s: each sample gives what it gave', async (_, size, after, targets) => {
    const graph = fixed(size, after, targets);
    const opened = openBatch(graph)!;
    expect(opened.inputs[0].dims).toEqual(['opened_batch', 3, 4, 4]);
    const images = randoms([size, 3, 4, 4], 3);
    const want = await runOnce(graph, images);
    expect(distance(await runOnce(opened, images), want)).toBe(0);
    const twice = floats([2 * size, 3, 4, 4], Float32Array.of(...images.data, ...images.data));
    const found = await runOnce(opened, twice);
    const half = (want as FloatTensor).data.length;
    for (const from of [0, half])
      expect(
        distance(floats(want.dims, (found as FloatTensor).data.slice(from, from + half)), want),
      ).toBeLessThan(1e-6);
  });

  it.each<[string, readonly NodeFields[], Record<string, readonly number[]>]>([
    ['a mean over the batch', [node('ReduceMean', ['c', 'axis'], 'y')], { axis: [0] }],
    [
      'samples that a Reshape mixes',
      [
        { ...node('Transpose', ['c'], 't'), attributes: { perm: [1, 0, 2, 3] } },
        node('Reshape', ['t', 'to'], 'y'),
      ],
      { to: [16, 16] },
    ],
    ['a Softmax over the batch', [{ ...node('Softmax', ['c'], 'y'), attributes: { axis: 0 } }], {}],
    ['a running sum over the batch', [node('CumSum', ['c', 'axis'], 'y')], { axis: [0] }],
    [
      'a batch in reverse order',
      [node('Slice', ['c', 'from', 'to', 'axis', 'step'], 'y')],
      { from: [-1], to: [-100], axis: [0], step: [-1] },
    ],
    ['shapes that are not known', [{ ...node('Unheard', ['c'], 'y'), domain: 'own' }], {}],
  ])('leaves a model with %s', (_, after, targets) => {
    expect(openBatch(fixed(4, after, targets))).toBeUndefined();
  });

  it('the file that comes out declares the batch that it was exported for', () =>
    inFolder(async (folder) => {
      const [path, out] = ['model.onnx', 'out.onnx'].map((name) => join(folder, name));
      saveModel(fixed(4, flat, { to: [4, 64] }), path);
      const opened = openModel(path);
      expect(opened.inputs[0].dims?.[0]).toBe('opened_batch');
      saveModel(opened, out);
      const [before, after] = [loadModel(path), loadModel(out)];
      expect([after.inputs, after.outputs]).toEqual([before.inputs, before.outputs]);
      const images = randoms([4, 3, 4, 4], 3);
      expect(await runOnce(after, images)).toEqual(await runOnce(before, images));
    }));
});
