import { create } from '@bufbuild/protobuf';

import { Graph, makeNode, type Node } from '../../../../engine/onnx/graph';
import { ModelProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { Session } from '../../../../engine/runtime/session';
import { floats, sizeOf } from '../../../../engine/tensor/tensor';
import { blockedDomain } from '../../../../engine/training/lowering/blocked';
import { probeBlock } from '../../../../engine/training/lowering/probe';
import { pack } from '../../../../engine/training/parameters/parameters';
import { declare } from '../../../../engine/onnx/extract';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, names } from '../../../../engine/training/step/step';
import { inputOf, outputOf } from '../../../../engine/training/parameters/vectors';
import { distance, floatsOf } from '../support';

/** Numbers of no pattern, the same each time. */
const numbers = (dims: readonly number[], scale = 1) =>
  floats(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, at) => scale * Math.sin(at * at + dims.length)),
  );

/** A network with channel counts that fill no block, branches, and operators that read the plain layout. */
function network(): Graph {
  const nodes: Node[] = [];
  const weights: Record<string, number[]> = {};
  const conv = (x: string, y: string, [K, C, R, S]: number[], stride = 1) => {
    weights[`${y}.w`] = [K, C, R, S];
    weights[`${y}.b`] = [K];
    const pads = [(R - 1) / 2, (S - 1) / 2, (R - 1) / 2, (S - 1) / 2];
    const attributes = { pads, strides: [stride, stride], kernel_shape: [R, S] };
    nodes.push(makeNode({ op: 'Conv', inputs: [x, `${y}.w`, `${y}.b`], outputs: [y], attributes }));
  };
  const op = (kind: string, inputs: string[], output: string, attributes = {}) =>
    nodes.push(makeNode({ op: kind, inputs, outputs: [output], attributes }));
  conv('x', 'a', [10, 3, 3, 3]);
  op('Relu', ['a'], 'a+');
  conv('a+', 'b', [5, 10, 3, 1]);
  conv('b', 'c', [18, 5, 1, 3]);
  conv('a+', 'skip', [18, 10, 1, 1]);
  op('Add', ['c', 'skip'], 'sum');
  op('Relu', ['sum'], 'sum+');
  conv('sum+', 'd', [18, 18, 3, 3]);
  op('Add', ['d', 'sum+'], 'e');
  op('Sigmoid', ['e'], 'gate');
  op('Mul', ['e', 'gate'], 'swish');
  op('MaxPool', ['swish'], 'pooled', { kernel_shape: [2, 2], strides: [2, 2] });
  conv('pooled', 'f', [6, 18, 3, 3], 2);
  conv('pooled', 'g', [7, 18, 3, 3], 2);
  op('Clip', ['f', 'zero', 'six'], 'f+');
  conv('f+', 'i', [6, 6, 1, 1]);
  op('LeakyRelu', ['g'], 'g+', { alpha: 0.1 });
  op('Concat', ['i', 'g+'], 'h', { axis: 1 });
  op('Relu', ['h'], 'h+');
  op('GlobalAveragePool', ['h+'], 'mean');
  op('Flatten', ['mean'], 'flat', { axis: 1 });
  weights['fc.w'] = [4, 13];
  weights['fc.b'] = [4];
  op('Gemm', ['flat', 'fc.w', 'fc.b'], 'y', { transB: 1 });
  const graph = new Graph(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 18n }],
      graph: {
        name: 'network',
        node: nodes,
        input: [declare('x', ['n', 3, 9, 8])],
        output: [declare('y', ['n', 4])],
      },
    }),
  );
  for (const [name, dims] of Object.entries(weights)) graph.setConstant(name, numbers(dims, 0.3));
  graph.setConstant('zero', floats([], [0]));
  graph.setConstant('six', floats([], [6]));
  return graph;
}

async function step(graph: Graph, block?: number) {
  const shapes = await measureShapes(graph, [3, 9, 8]);
  const built = buildTrainingStep(graph, shapes, { weightDecay: 0.01, decay: 'all', block });
  const session = await Session.open(built.model, { threads: 1 });
  const parameters = pack(graph, built.parameters);
  const results = await session.run({
    x: numbers([5, 3, 9, 8]),
    [names.labels]: { type: 'int64', dims: [5], data: BigInt64Array.from([0n, 1n, 2n, 3n, 1n]) },
    [names.learningRate]: floats([], [0.1]),
    [names.momentum]: floats([], [0.9]),
    [inputOf('parameters')]: floats([parameters.length], parameters),
    [inputOf('momenta')]: numbers([parameters.length]),
  });
  await session.close();
  return { built, results };
}

describe('lowerToBlocks', () => {
  test('a training step comes out as in the plain layout', async () => {
    const graph = network();
    const plain = await step(graph);
    const blocked = await step(graph, await probeBlock());
    for (const name of [names.loss, outputOf('momenta'), outputOf('parameters')]) {
      const apart = distance(floatsOf(blocked.results[name]), floatsOf(plain.results[name]));
      expect({ name, close: apart < 1e-5, apart }).toEqual({ name, close: true, apart });
    }
  });

  test('convolutions are blocked, and sums and Relus between them drawn in', async () => {
    const graph = network();
    const built = buildTrainingStep(graph, await measureShapes(graph, [3, 9, 8]), {
      weightDecay: 0,
      block: 16,
    });
    const blocked = built.model.nodes.filter(({ domain }) => domain === blockedDomain);
    const count = (op: string) => blocked.filter(({ opType }) => opType === op).length;
    // Seven forward (the first has three input channels), five backward, and four for the phases of each of stride 2.
    expect(count('Conv')).toBe(20);
    // Two are left: after the first convolution, which stays plain, and after the concatenation.
    expect(built.model.nodes.filter(({ opType }) => opType === 'Relu')).toHaveLength(2);
    expect(built.model.nodes.filter(({ opType, input }) => opType === 'Add' && input.includes('c'))).toEqual(
      [],
    );
  });
});
