import { create, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EngineError } from '../../../engine/errors';
import { declare } from '../../../engine/onnx/extract';
import type { Graph } from '../../../engine/onnx/graph';
import { layersOf, macsOf, sharedWeights, uncountedLayers } from '../../../engine/onnx/layers';
import { loadModel, parseModel, saveModel, serializeModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import {
  ModelProtoSchema,
  SparseTensorProtoSchema,
  StringStringEntryProtoSchema,
  TensorProtoSchema,
} from '../../../engine/onnx/proto/onnx_pb';
import { inferShapes, unknownOperators } from '../../../engine/onnx/shapes';
import { encodeTensor } from '../../../engine/onnx/tensor-proto';
import { floats, int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms, runOnce } from '../../support/graphs';
import { golden } from '../../support/paths';
import { tinyNetwork } from '../../support/tiny';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(graph: Graph, name = 'model.onnx'): string {
  const path = join(folder, name);
  saveModel(graph, path);
  return path;
}

/** Convolutions over an image of open size. */
const openSize = () =>
  modelOf(
    ['x', ['batch', 1, 'h', 'w']],
    [
      { op: 'Conv', inputs: ['x', 'k'], outputs: ['a'], attributes: { strides: [2, 2] } },
      { op: 'GlobalAveragePool', inputs: ['a'], outputs: ['y'] },
    ],
    ['y'],
    { k: randoms([2, 1, 3, 3], 1) },
  );

describe('inputSize', () => {
  it('sets costs and shapes where the model leaves sizes open, which stay open in the model', () => {
    const path = written(openSize(), 'open.onnx');
    expect(() => layersOf(openModel(path))).toThrow(/input x is \[batch, 1, h, w\]: set inputSize/);
    const graph = openModel(path, { inputSize: [1, 1, 9, 21] });
    expect(macsOf(graph)).toBe(18 * 4 * 10);
    expect(macsOf(graph.clone())).toBe(18 * 4 * 10);
    expect(inferShapes(graph).get('a')).toEqual(['batch', 2, 4, 10]);
    expect(openModel(path, { inputSize: { x: [4, 1, 9, 21] } }).inputs[0].dims).toEqual([
      'batch',
      1,
      'h',
      'w',
    ]);
    expect(loadModel(written(graph, 'open-out.onnx')).inputs[0].dims).toEqual(['batch', 1, 'h', 'w']);
  });

  it.each<[string, readonly number[] | Record<string, number[]>, RegExp]>([
    ['another fixed size', [1, 3, 9, 9], /dimension 1 is fixed at 1 in \[batch, 1, h, w\]/],
    ['another rank', [1, 9, 9], /the input has 4 dimensions/],
    ['no size', [1, 1, 0, 9], /whole numbers from 1/],
    [
      'another input',
      { image: [1, 1, 9, 9] },
      /names image, which is not an input of .*open.onnx; its inputs are x/,
    ],
  ])('is refused where it gives %s', (_, inputSize, message) => {
    const path = written(openSize(), 'open.onnx');
    expect(() => openModel(path, { inputSize })).toThrow(EngineError);
    expect(() => openModel(path, { inputSize })).toThrow(message);
  });
});

describe('openModel', () => {
  it('takes ai.onnx for what it is, ONNX’s own domain', () => {
    const graph = tinyNetwork();
    for (const holder of [...graph.nodes, ...graph.model.opsetImport]) holder.domain = 'ai.onnx';
    expect(layersOf(openModel(written(graph))).map(({ name }) => name)).toEqual(['c1', 'c2', 'c3', 'fc']);
  });

  it('sorts nodes that are out of order, and refuses a cycle', async () => {
    const graph = tinyNetwork();
    const x = randoms([1, 1, 8, 8], 1);
    const expected = await runOnce(graph, x);
    graph.model.graph!.node.reverse();
    expect(await runOnce(openModel(written(graph)), x)).toEqual(expected);
    graph.setInput(graph.producer('c1')!, 0, 'c3');
    expect(() => openModel(written(graph))).toThrow(/depends on its own result: the graph has a cycle/);
  });

  it('makes sparse initializers dense', async () => {
    const graph = modelOf(
      ['x', [2, 2]],
      [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      ['y', [2, 2]],
      {},
    );
    graph.model.graph!.sparseInitializer = [
      create(SparseTensorProtoSchema, {
        values: encodeTensor('w', floats([2], [5, 7])),
        indices: encodeTensor('', int64s([1, 2])),
        dims: [2n, 2n],
      }),
    ];
    const path = join(folder, 'sparse.onnx');
    writeFileSync(path, serializeModel(graph));
    expect([...openModel(path).constant('w')!.data]).toEqual([0, 5, 7, 0]);
    expect([...(await runOnce(openModel(path), floats([2, 2]))).data]).toEqual([0, 5, 7, 0]);
  });

  it('takes initializers that are declared as inputs', () => {
    const graph = tinyNetwork();
    graph.model.irVersion = 3n;
    const declared = graph.initializers.map((name) => declare(name, graph.constantDims(name)));
    graph.setInterface([graph.declaration('x')!, ...declared], [graph.declaration('y')!]);
    const opened = openModel(written(graph));
    expect(opened.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(layersOf(opened)).toHaveLength(4);
  });

  it('leaves weights of types it does not read, with a note, and what Slimflow does not know untouched', () => {
    const graph = modelOf(
      ['x', ['batch', 4]],
      [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'] },
        { op: 'FusedGelu', domain: 'com.example', inputs: ['a'], outputs: ['b'] },
        { op: 'MatMul', inputs: ['b', 'v'], outputs: ['y'] },
      ],
      ['y'],
      { w: randoms([4, 4], 1), v: randoms([4, 3], 2) },
    );
    graph.model.graph!.initializer.push(
      create(TensorProtoSchema, { name: 'odd', dataType: 16, dims: [1n], rawData: new Uint8Array(2) }),
    );
    graph.model.graph!.node[0].input.push('odd');
    graph.model.metadataProps = [create(StringStringEntryProtoSchema, { key: 'author', value: 'me' })];
    const opened = openModel(written(graph));
    expect(opened.context.notes).toEqual([
      expect.stringContaining('weights of type BFLOAT16 are not supported'),
    ]);
    expect(opened.model.metadataProps[0].value).toBe('me');
    expect(unknownOperators(opened).map(({ operator }) => operator)).toEqual(['com.example.FusedGelu']);
    expect(layersOf(opened).map(({ weight }) => weight)).toEqual(['w']);
    expect(uncountedLayers(opened).map(({ why }) => why)).toEqual([
      expect.stringMatching(/operator FusedGelu/),
    ]);
  });

  it('reports weights that several layers read', () => {
    const node = (input: string, output: string) => ({
      op: 'MatMul',
      inputs: [input, 'w'],
      outputs: [output],
    });
    const graph = modelOf(['x', ['batch', 4]], [node('x', 'a'), node('a', 'y')], ['y'], {
      w: randoms([4, 4], 1),
    });
    expect(sharedWeights(graph)).toEqual([{ weight: 'w', readers: ['a', 'y'] }]);
    expect(macsOf(graph)).toBe(32);
  });

  it.each([
    ['QLinearConv', ''],
    ['DequantizeLinear', ''],
    ['MatMulInteger', ''],
    ['QAttention', 'com.microsoft'],
    ['MatMulNBits', 'com.microsoft'],
  ])('refuses a quantized model (%s)', (op, domain) => {
    const graph = modelOf(['x', [1]], [{ op, domain, inputs: ['x'], outputs: ['y'] }], ['y'], {});
    expect(() => openModel(written(graph))).toThrow(
      new RegExp(
        `is quantized \\(node y \\(${op}\\)\\): compress the float model first, then quantize the result`,
      ),
    );
  });

  it.each<[string, (graph: Graph) => void, RegExp]>([
    [
      'a newer operator set',
      (g) => (g.model.opsetImport[0].version = 27n),
      /opset 27, but Slimflow reads opsets 7 to 26: export it again with opset 26 or older$/,
    ],
    [
      'an operator set of ten years ago',
      (g) => (g.model.opsetImport[0].version = 6n),
      /opset 6, but Slimflow reads opsets 7 to 26: convert it \(in Python: onnx\.version_converter\.convert_version\(model, 13\)/,
    ],
    ['a value computed twice', (g) => (g.nodes[1].output[0] = 'c1'), /computes c1, which is already defined/],
    [
      'a weight given twice',
      (g) => g.model.graph!.initializer.push(g.model.graph!.initializer[0]),
      /c1.weight is defined twice/,
    ],
    ['a negative shape', (g) => (g.model.graph!.initializer[0].dims = [-1n]), /has the invalid shape \[-1\]/],
    [
      'a missing output',
      (g) => g.setInterface([declare('x')], [declare('z')]),
      /no node computes its output z/,
    ],
  ])('refuses %s', (_, change, message) => {
    const graph = tinyNetwork();
    change(graph);
    expect(() => openModel(written(graph))).toThrow(message);
  });
});

describe('open dimensions', () => {
  const conv = { op: 'Conv', inputs: ['x', 'k'], outputs: ['a'], attributes: { strides: [2, 2] } };
  const pool = { op: 'GlobalAveragePool', inputs: ['a'], outputs: ['y'] };
  const kernel = { k: randoms([2, 1, 3, 3], 1) };

  it('written as -1 are open, here and in the file that comes out', async () => {
    const graph = modelOf(['x', [-1, 1, 9, 21]], [conv, pool], ['y', [-1, 2, 1, 1]], kernel);
    const opened = openModel(written(graph, 'negative.onnx'));
    expect(opened.inputs[0].dims).toEqual([undefined, 1, 9, 21]);
    expect(macsOf(opened)).toBe(18 * 4 * 10);
    const again = loadModel(written(opened, 'negative.out.onnx'));
    const dims = again.model.graph!.input[0].type!.value.value as { shape: { dim: { value: object }[] } };
    expect(dims.shape.dim[0].value).toEqual({ case: undefined });
    expect((await runOnce(again, randoms([3, 1, 9, 21], 2))).dims).toEqual([3, 2, 1, 1]);
  });

  it.each(['?', 'None', 'unknown'])('all named %s need not be equal', async (name) => {
    const graph = modelOf(['x', [name, 1, name, name]], [conv, pool], ['y', [name, 2, 1, 1]], kernel);
    const opened = openModel(written(graph, 'anonymous.onnx'), { inputSize: [1, 1, 9, 21] });
    expect(opened.inputs[0].dims).toEqual([undefined, 1, undefined, undefined]);
    expect(macsOf(opened)).toBe(18 * 4 * 10);
    expect((await runOnce(opened, randoms([3, 1, 9, 21], 2))).dims).toEqual([3, 2, 1, 1]);
  });
});

/** Opens a damaged file, which may succeed or be refused. */
function survives(bytes: Uint8Array): void {
  const path = join(folder, 'damaged.onnx');
  writeFileSync(path, bytes);
  try {
    const graph = openModel(path);
    layersOf(graph);
    uncountedLayers(graph);
    unknownOperators(graph);
    for (const name of graph.initializers) graph.constant(name);
    parseModel(serializeModel(graph));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
  }
}

describe('damaged models are opened or refused, never tripped over', () => {
  const samples = (
    JSON.parse(readFileSync(golden('onnx', 'operators.json'), 'utf8')) as { model: string }[]
  ).map(({ model }) => Buffer.from(model, 'base64'));
  const whole = Buffer.from(serializeModel(tinyNetwork()));
  const bytes = fc.constantFrom(...samples, whole, whole);
  const change = fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255));

  it('with bytes changed', () => {
    fc.assert(
      fc.property(bytes, fc.array(change, { minLength: 1, maxLength: 6 }), (sample, changes) => {
        const damaged = Uint8Array.from(sample);
        for (const [at, value] of changes) damaged[Math.floor(at * damaged.length)] = value;
        survives(damaged);
      }),
      { numRuns: 600, seed: 7 },
    );
  });

  it('with numbers of attributes, shapes and constants changed', () => {
    const odd = fc.constantFrom(-1n, 0n, 1n, 2n, 7n, -9n, 2n ** 31n, -(2n ** 63n), 2n ** 63n - 1n);
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.infiniteStream(odd),
        fc.infiniteStream(fc.nat(4)),
        (sample, values, dice) => {
          const { model } = parseModel(Uint8Array.from(sample));
          const pick = () => dice.next().value === 0;
          const next = () => values.next().value as bigint;
          for (const node of model.graph!.node) {
            if (pick()) node.input.splice(Number(next() % 3n), 1);
            for (const attribute of node.attribute) {
              attribute.ints = attribute.ints.flatMap((value) =>
                pick() ? [next(), value].slice(0, 1 + Number(pick())) : value,
              );
              if (pick()) attribute.i = next();
              if (pick()) attribute.type = 0;
            }
          }
          for (const tensor of model.graph!.initializer) {
            if (tensor.dataType !== 7 || !tensor.rawData) continue;
            const data = new BigInt64Array(Uint8Array.from(tensor.rawData).buffer).map((value) =>
              pick() ? next() : value,
            );
            tensor.rawData = new Uint8Array(data.buffer);
          }
          survives(toBinary(ModelProtoSchema, model));
        },
      ),
      { numRuns: 600, seed: 11 },
    );
  });
});
