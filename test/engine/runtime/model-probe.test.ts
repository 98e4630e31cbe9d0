import { declare } from '../../../engine/onnx/extract';
import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import type { Dim } from '../../../engine/onnx/dims';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { ModelProbe } from '../../../engine/runtime/model-probe';
import { Session } from '../../../engine/runtime/session';
import { floats, type FloatTensor, isFloat, type Tensor } from '../../../engine/tensor/tensor';
import { distance, modelOf, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

/** All outputs of a model as it stands, without optimizations. */
async function outputsOf(graph: Graph, feeds: Record<string, Tensor>) {
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

/** The model with other constants. */
function withConstants(graph: Graph, values: ReadonlyMap<string, Tensor>): Graph {
  const changed = graph.clone();
  values.forEach((tensor, name) => changed.setConstant(name, tensor));
  return changed;
}

const settingsOf = (graph: Graph) => ({ shapes: inferShapes(graph), threads: 1 });

const relu = (input: string, output: string): NodeFields => ({
  op: 'Relu',
  inputs: [input],
  outputs: [output],
});
const single: [string, readonly Dim[], NodeFields, FloatTensor][] = [
  [
    'a grouped Conv',
    [4, 5, 5],
    { op: 'Conv', inputs: ['r', 'w'], outputs: ['c'], attributes: { group: 2 } },
    randoms([6, 2, 3, 3], 1),
  ],
  ['a Conv over one axis', [2, 7], { op: 'Conv', inputs: ['r', 'w'], outputs: ['c'] }, randoms([3, 2, 3], 1)],
  [
    'a Conv over three axes',
    [2, 3, 4, 3],
    { op: 'Conv', inputs: ['r', 'w'], outputs: ['c'] },
    randoms([3, 2, 2, 2, 2], 1),
  ],
  [
    'a grouped ConvTranspose',
    [4, 3, 3],
    { op: 'ConvTranspose', inputs: ['r', 'w'], outputs: ['c'], attributes: { group: 2, strides: [2, 2] } },
    randoms([4, 3, 2, 2], 1),
  ],
  [
    'a Gemm',
    [5],
    { op: 'Gemm', inputs: ['r', 'w'], outputs: ['c'], attributes: { beta: 0.5 } },
    randoms([5, 3], 1),
  ],
  [
    'a Gemm of a transposed weight',
    [5],
    { op: 'Gemm', inputs: ['r', 'w'], outputs: ['c'], attributes: { transB: 1 } },
    randoms([3, 5], 1),
  ],
];

it.each(single)(
  'a probe of %s computes what the model with that weight does',
  async (_, sample, node, weight) => {
    const graph = modelOf(
      ['x', ['batch', ...sample]],
      [relu('x', 'r'), { ...node, name: 'layer' }, relu('c', 'y')],
      ['y'],
      { w: weight },
    );
    const x = randoms([2, ...sample.map(Number)], 3);
    for (const batches of [1, 9]) {
      const probe = await ModelProbe.open(graph, ['w'], { ...settingsOf(graph), batches });
      const kept = await probe.prefix({ x });
      expect(distance((await probe.outputs(kept)).y, (await outputsOf(graph, { x })).y)).toBeLessThan(1e-5);
      const other = new Map([['w', randoms(weight.dims, 4)]]);
      const expected = (await outputsOf(withConstants(graph, other), { x })).y;
      expect(distance((await probe.outputs(kept, other)).y, expected)).toBeLessThan(1e-5);
      await probe.close();
    }
  },
);

describe('several constants at once', () => {
  const graph = openModel(digitsModel());
  const layers = layersOf(graph);
  const names = [6, 7, 12].flatMap((at) => [layers[at].weight, layers[at].node.input[2]]);
  const drawn = (seed: number) =>
    new Map(names.map((name, at) => [name, randoms(graph.constant(name)!.dims, seed + at)]));
  const batches = [randoms([3, 1, 28, 28], 50), randoms([2, 1, 28, 28], 51)];

  // Room for a session a replacement, and for one alone: the others share a session of inputs.
  it.each([undefined, 1])('compute what the whole model with them does (memory %d)', async (memory) => {
    const probe = await ModelProbe.open(graph, names, { ...settingsOf(graph), memory });
    const replacements = [drawn(10), drawn(20), new Map([...drawn(30)].slice(0, 2))];
    for (const input of batches) {
      const kept = await probe.prefix({ input });
      expect(
        distance((await probe.outputs(kept)).logits, (await outputsOf(graph, { input })).logits),
      ).toBeLessThan(1e-4);
      for (const replacement of replacements) {
        const expected = await outputsOf(withConstants(graph, replacement), { input });
        expect(distance((await probe.outputs(kept, replacement)).logits, expected.logits)).toBeLessThan(1e-4);
      }
    }
    await probe.close();
  });

  it('refuses other names, shapes and types', async () => {
    const probe = await ModelProbe.open(graph, names, settingsOf(graph));
    const kept = await probe.prefix({ input: batches[0] });
    const tried = (name: string, tensor: Tensor) => probe.outputs(kept, new Map([[name, tensor]]));
    await expect(tried('nobody', floats([1]))).rejects.toThrow(/nobody is not one of this probe's constants/);
    await expect(tried(names[0], floats([1]))).rejects.toThrow(
      /is float32 \[.*\], but its replacement is float32 \[1\]/,
    );
    await expect(ModelProbe.open(graph, ['nobody'], settingsOf(graph))).rejects.toThrow(
      /nobody is not a constant/,
    );
    await probe.close();
  });
});

describe('a model of several inputs and outputs', () => {
  const graph = modelOf(
    ['x', ['batch', 2, 4, 4]],
    [
      { op: 'Conv', name: 'first', inputs: ['x', 'w1'], outputs: ['h'] },
      { op: 'Add', inputs: ['h', 'z'], outputs: ['y'] },
      { op: 'Conv', name: 'second', inputs: ['h', 'w2'], outputs: ['y2'] },
      { op: 'Shape', inputs: ['y2'], outputs: ['size'] },
      { op: 'Conv', name: 'loose', inputs: ['h', 'w3'], outputs: ['unused'] },
    ],
    ['y'],
    { w1: randoms([3, 2, 1, 1], 1), w2: randoms([2, 3, 1, 1], 2), w3: randoms([2, 3, 1, 1], 3) },
  );
  graph.setInterface(
    [graph.declaration('x')!, declare('z', ['batch', 3, 4, 4])],
    [declare('y'), declare('y2'), declare('size', [4], 'int64')],
  );
  const feeds = { x: randoms([2, 2, 4, 4], 5), z: randoms([2, 3, 4, 4], 6) };

  it('gives all outputs of floats, those that do not change with the layer too', async () => {
    const weight = randoms([2, 3, 1, 1], 7);
    const probe = await ModelProbe.open(graph, ['w2'], settingsOf(graph));
    expect(probe.wanted).toEqual(['y', 'y2']);
    const found = await probe.outputs(await probe.prefix(feeds), new Map([['w2', weight]]));
    const expected = await outputsOf(withConstants(graph, new Map([['w2', weight]])), feeds);
    expect(Object.values(found).every(isFloat)).toBe(true);
    for (const name of ['y', 'y2']) expect(distance(found[name], expected[name])).toBeLessThan(1e-5);
    await probe.close();
  });
});
