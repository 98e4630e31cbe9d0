import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import type { DatasetSource } from '../../../engine/data/source';
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import { quiet } from '../../../engine/jobs/job-context';
import { declare } from '../../../engine/onnx/extract';
import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import { loadModel, saveModel } from '../../../engine/onnx/model';
import type { ValueInfoProto } from '../../../engine/onnx/proto/onnx_pb';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import type { TrainingSettings } from '../../../engine/training/settings';
import { modelOf, randoms } from '../../support/graphs';
import { floatsOf } from './support';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-inputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const samples = 20;
const settings: TrainingSettings = {
  epochs: 2,
  learningRate: 0.05,
  batch: 6,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 1e-4,
  schedule: 'constant',
  seed: 3,
};
const written = (name: string, tensor: Tensor): string => {
  const file = join(folder, `${name}.npy`);
  writeNpy(file, tensor);
  return file;
};
const labels = written('labels', {
  type: 'int32',
  dims: [samples],
  data: Int32Array.from({ length: samples }, (_, at) => (at * 7) % 4),
});

const conv = (name: string, input: string, weight: string): NodeFields => ({
  op: 'Conv',
  name,
  inputs: [input, weight],
  outputs: [name],
  attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
});
const head = (from: string): NodeFields[] => [
  { op: 'Relu', inputs: [from], outputs: ['relu'] },
  { op: 'GlobalAveragePool', inputs: ['relu'], outputs: ['pooled'] },
  { op: 'Flatten', inputs: ['pooled'], outputs: ['flat'] },
  { op: 'Gemm', name: 'fc', inputs: ['flat', 'fc.weight'], outputs: ['y'] },
];
const constants = { 'conv.weight': randoms([8, 1, 3, 3], 1), 'fc.weight': randoms([8, 4], 2) };

const trainedBy = async (
  graph: Graph,
  data: DatasetSource,
  changes: Partial<TrainingSettings> = {},
): Promise<number[][]> => {
  const [model, out] = [join(folder, 'model.onnx'), join(folder, 'out.onnx')];
  saveModel(graph, model);
  const job = { model, data, threads: 1, checkpoints: join(folder, 'checkpoints'), checkpointSeconds: 3600 };
  await fineTuneJob({ ...job, settings: { ...settings, ...changes }, out }, quiet);
  const trained = loadModel(out);
  return Object.keys(constants).map((name) => [...floatsOf(trained.constant(name))]);
};
const close = (found: number[][], wanted: number[][]) =>
  found.forEach((values, at) =>
    expect(Math.max(...values.map((value, i) => Math.abs(value - wanted[at][i])))).toBeLessThan(1e-5),
  );

describe('models of two inputs', () => {
  const [a, b] = [randoms([samples, 1, 8, 8], 4), randoms([samples, 1, 8, 8], 5)];
  const pairs = Array.from({ length: samples }, (_, at) => [
    ...a.data.subarray(64 * at, 64 * at + 64),
    ...b.data.subarray(64 * at, 64 * at + 64),
  ]).flat();
  const apart: NodeFields[] = [
    conv('conv.0', 'x0', 'conv.weight'),
    conv('conv.1', 'x1', 'conv.weight'),
    { op: 'Sub', inputs: ['conv.0', 'conv.1'], outputs: ['sub'] },
  ];
  const of = (nodes: NodeFields[], inputs: ValueInfoProto[], more: Record<string, Tensor> = {}): Graph => {
    const graph = modelOf(['x', []], nodes, ['y', ['batch', 4]], { ...constants, ...more });
    graph.setInterface(inputs, [declare('y', ['batch', 4])]);
    return graph;
  };
  const two = of(
    [...apart, ...head('sub')],
    [declare('x0', ['batch', 1, 8, 8]), declare('x1', ['batch', 1, 8, 8])],
  );
  const one = of(
    [
      { op: 'Split', inputs: ['x'], outputs: ['x0', 'x1'], attributes: { axis: 1, num_outputs: 2 } },
      ...apart,
      ...head('sub'),
    ],
    [declare('x', ['batch', 2, 8, 8])],
  );
  const dataOfTwo = { images: written('a', a), inputs: { x1: written('b', b) }, labels };
  const dataOfOne = { images: written('pairs', floats([samples, 2, 8, 8], pairs)), labels };

  let wanted: number[][];
  beforeAll(async () => {
    wanted = await trainedBy(one, dataOfOne);
  });

  test.each<[string, Partial<TrainingSettings>]>([
    ['at once', {}],
    ['in pieces', { microBatch: 4 }],
    ['in pieces, several steps per call', { microBatch: 4, stepsPerCall: 3 }],
    ['several steps per call', { stepsPerCall: 3 }],
  ])('are trained as one of both together, %s', async (_, changes) => {
    close(await trainedBy(two, dataOfTwo, changes), wanted);
  });

  test('a state that all samples share is fed whole, in pieces too', async () => {
    const whole = Array.from({ length: 8 }, (_, at) => at - 3);
    const nodes = (state: string): NodeFields[] => [
      conv('conv.0', 'x', 'conv.weight'),
      { op: 'Reshape', inputs: [state, 'to'], outputs: ['plane'] },
      { op: 'Add', inputs: ['conv.0', 'plane'], outputs: ['sum'] },
      ...head('sum'),
    ];
    const [x, to] = [declare('x', ['batch', 1, 8, 8]), int64s([1, 8, 1, 1])];
    const images = written('x', a);
    // An integer, so that training does not change the constant.
    const cast: NodeFields = { op: 'Cast', inputs: ['whole'], outputs: ['h'], attributes: { to: 1 } };
    const constant = of([cast, ...nodes('h')], [x], { whole: int64s(whole), to });
    const fed = of(nodes('h'), [x, declare('h', [8])], { to });
    const known = await trainedBy(constant, { images, labels });
    const data = { images, inputs: { h: written('h', floats([8], whole)) }, labels };
    for (const changes of [{}, { microBatch: 4 }, { microBatch: 4, stepsPerCall: 3 }])
      close(await trainedBy(fed, data, changes), known);
  });
});

test('a model of bytes is trained as one of floats', async () => {
  const bytes = Uint8Array.from({ length: samples * 64 }, (_, at) => (at * 37) % 256);
  const data = { images: written('bytes', { type: 'uint8', dims: [samples, 8, 8, 1], data: bytes }), labels };
  const nodes = (from: string): NodeFields[] => [
    { op: 'Mul', inputs: [from, 'scale'], outputs: ['scaled'] },
    { op: 'Transpose', inputs: ['scaled'], outputs: ['image'], attributes: { perm: [0, 3, 1, 2] } },
    conv('conv', 'image', 'conv.weight'),
    ...head('conv'),
  ];
  const of = (type: 'uint8' | 'float32') => {
    const cast: NodeFields = { op: 'Cast', inputs: ['x'], outputs: ['cast'], attributes: { to: 1 } };
    const graph = modelOf(['x', []], [cast, ...nodes('cast')], ['y', ['batch', 4]], {
      ...constants,
      scale: floats([], [1 / 255]),
    });
    graph.setInterface([declare('x', ['batch', 8, 8, 1], type)], [declare('y', ['batch', 4])]);
    return graph;
  };
  const wanted = await trainedBy(of('float32'), data);
  close(await trainedBy(of('uint8'), data), wanted);
  close(await trainedBy(of('uint8'), data, { microBatch: 4, stepsPerCall: 3 }), wanted);
});

test('a text network of 64-bit tokens is trained', async () => {
  const tokens = BigInt64Array.from({ length: samples * 8 }, (_, at) => BigInt((at * 5) % 9));
  const data = { images: written('tokens', { type: 'int64', dims: [samples, 8], data: tokens }), labels };
  const graph = modelOf(
    ['x', []],
    [
      { op: 'Gather', inputs: ['embedding', 'x'], outputs: ['found'] },
      { op: 'Unsqueeze', inputs: ['found', 'one'], outputs: ['plane'] },
      conv('conv', 'plane', 'conv.weight'),
      ...head('conv'),
    ],
    ['y', ['batch', 4]],
    { ...constants, embedding: randoms([9, 8], 7), one: int64s([1]) },
  );
  graph.setInterface([declare('x', ['batch', 8], 'int64')], [declare('y', ['batch', 4])]);
  const found = await trainedBy(graph, data);
  expect(found[0]).not.toEqual([...constants['conv.weight'].data]);
  close(await trainedBy(graph, data, { microBatch: 4 }), found);
});
