import { join } from 'node:path';

import { quiet } from '../../../engine/jobs/job-context';
import { svdCompressor } from '../../../engine/jobs/svd-compressor';
import { toolsOf } from '../../../engine/jobs/backends';
import type { NodeFields } from '../../../engine/onnx/graph';
import { paramsOf } from '../../../engine/onnx/layers';
import { loadModel, saveModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import { TensorProto_DataType as DataType } from '../../../engine/onnx/proto/onnx_pb';
import { withOwnConstants } from '../../../engine/training/parameters/parameters';
import { toHalves } from '../../../engine/tensor/float16';
import { sizeOf } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { machinery, methodOf } from '../../support/method';
import { digitsModel } from '../../support/paths';

const folder = temporaryFolder();
const [path, out] = ['model.onnx', 'out.onnx'].map((name) => join(folder, name));
const x = randoms([2, 4, 6, 6], 1);

const conv = (input: string, weight: string, bias: string, output: string): NodeFields => ({
  op: 'Conv',
  inputs: [input, weight, bias],
  outputs: [output],
  attributes: { pads: [1, 1, 1, 1] },
});
const identity = (source: string, copy: string): NodeFields => ({
  op: 'Identity',
  inputs: [source],
  outputs: [copy],
});

/** Three convolutions that begin equal, in weights and biases, and one of its own. */
saveModel(
  modelOf(
    ['x', [2, 4, 6, 6]],
    [
      identity('w', 'w2'),
      identity('w2', 'w3'),
      identity('b', 'b2'),
      conv('x', 'w', 'b', 'first'),
      conv('first', 'w2', 'b2', 'second'),
      conv('second', 'w3', 'b', 'third'),
      conv('third', 'own', 'b', 'y'),
    ],
    ['y'],
    { w: randoms([4, 4, 3, 3], 2), own: randoms([4, 4, 3, 3], 3), b: randoms([4], 4) },
  ),
  path,
);
const [weight, bias] = [4 * 4 * 9, 4];

/** Counts what a reader of the file sees. */
const elementsIn = (file: string) =>
  loadModel(file).model.graph!.initializer.reduce((sum, { dims }) => sum + sizeOf(dims.map(Number)), 0);

it('counts parameters that a model shares by Identity as its file holds them', () => {
  expect(elementsIn(path)).toBe(2 * weight + bias);
  expect(paramsOf(openModel(path))).toBe(2 * weight + bias);
  for (const name of ['', 'bn.', 'dynamo.'] as const)
    expect(paramsOf(openModel(digitsModel(name)))).toBe(elementsIn(digitsModel(name)));
});

it('saves them shared again, and those that changed as their own', async () => {
  const graph = openModel(path);
  saveModel(graph, out);
  expect(elementsIn(out)).toBe(2 * weight + bias);
  expect(await runOnce(openModel(out), x)).toEqual(await runOnce(openModel(path), x));

  graph.setConstant('w2', randoms([4, 4, 3, 3], 5));
  expect(paramsOf(graph)).toBe(3 * weight + bias);
  saveModel(graph, out);
  expect(elementsIn(out)).toBe(3 * weight + bias);
  expect(await runOnce(openModel(out), x)).toEqual(await runOnce(graph, x));

  // The source itself: its copies are still equal to each other.
  const moved = openModel(path);
  moved.setConstant('w', randoms([4, 4, 3, 3], 5));
  expect(paramsOf(moved)).toBe(3 * weight + bias);
  saveModel(moved, out);
  expect(elementsIn(out)).toBe(3 * weight + bias);
  expect(await runOnce(openModel(out), x)).toEqual(await runOnce(moved, x));
});

it('trains each as its own, as the model before it was saved', () => {
  saveModel(openModel(path), out);
  const names = (file: string) => [...withOwnConstants(loadModel(file)).initializers].sort();
  expect(names(out)).toEqual(names(path));
});

it('shares float16 weights again, read as such or through a Cast', async () => {
  const { data, dims } = randoms([4, 4, 3, 3], 2);
  const w = { type: 'float16', dims, data: toHalves(data) } as const;
  const cast = (input: string, output: string, to: number): NodeFields => ({
    op: 'Cast',
    inputs: [input],
    outputs: [output],
    attributes: { to },
  });
  const [single, half] = [DataType.FLOAT, DataType.FLOAT16];
  const plain = (input: string, weight: string, output: string) => ({
    op: 'Conv',
    inputs: [input, weight],
    outputs: [output],
  });
  const nodes = [
    ...['w2', 'w3', 'w4'].map((copy) => identity('w', copy)),
    cast('w', 'first', single),
    plain('x', 'first', 'a'),
    cast('w2', 'second', single),
    plain('x', 'second', 'b'),
    cast('x', 'x16', half),
    plain('x16', 'w3', 'c16'),
    plain('x16', 'w4', 'd16'),
    cast('c16', 'c', single),
    cast('d16', 'd', single),
    { op: 'Sum', inputs: ['a', 'b', 'c', 'd'], outputs: ['y'] },
  ];
  saveModel(modelOf(['x', [2, 4, 6, 6]], nodes, ['y'], { w }), out);
  const expected = await runOnce(loadModel(out), x);
  const graph = openModel(out);
  saveModel(graph, out);
  // Once for those that compute in float16, once for those that only store it.
  expect(elementsIn(out)).toBe(2 * weight);
  expect(paramsOf(graph)).toBe(2 * weight);
  expect(distance(await runOnce(loadModel(out), x), expected)).toBeLessThan(1e-6);
});

it.each(['spatial-svd', 'weight-svd'] as const)('%s of them costs what was predicted', async (technique) => {
  const graph = openModel(path);
  const method = methodOf(technique, { cost: 'params' });
  const means = { model: 'm', method, context: quiet, tools: await toolsOf(machinery) };
  const reconstruction = { samples: 1, patches: 1, seed: 0 };
  const compressor = svdCompressor(graph, {
    ...means,
    reconstruction,
    train: { random: { samples: 1, seed: 0 } },
  });
  expect(compressor.parts).toHaveLength(4);
  const expected = await runOnce(graph, x);
  for (let bits = 0; bits < 16; bits++) {
    // One plan of every set of layers; ranks that differ, as two layers of one weight may get.
    const plan = compressor.parts.map((_, at) => (bits & (1 << at) ? 1 + (at % 2) : null));
    const { graph: split, equivalent } = await compressor.compress(plan);
    saveModel(split, out);
    expect([bits, elementsIn(out)]).toEqual([bits, compressor.costOf.params(plan)]);
    const low = await runOnce(equivalent, x);
    expect(distance(await runOnce(openModel(out), x), low)).toBeLessThan(1e-4);
    if (!bits) expect(low).toEqual(expected);
  }
});
