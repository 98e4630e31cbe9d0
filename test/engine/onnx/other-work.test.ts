import { create } from '@bufbuild/protobuf';

import { declare } from '../../../engine/onnx/extract';
import { type Graph, makeNode, type NodeFields } from '../../../engine/onnx/graph';
import { macsOf } from '../../../engine/onnx/layers';
import { type OtherWork, otherWork } from '../../../engine/onnx/other-work';
import { AttributeProtoSchema, GraphProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { int64s, type Tensor } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';

const work = (
  x: readonly (number | string)[],
  nodes: readonly NodeFields[],
  constants: Record<string, Tensor> = {},
): OtherWork[] => otherWork(modelOf(['x', x], nodes, ['y'], constants, 19));

const image = ['batch', 3, 8, 8];
const w = randoms([4, 3, 3, 3], 1);
const each = 4 * 3 * 9 * 36;
const relu = (from: string, to: string): NodeFields => ({ op: 'Relu', inputs: [from], outputs: [to] });

it.each<[string, number | undefined, () => OtherWork[]]>([
  [
    'an LSTM by time step and direction',
    7 * 2 * (12 * 5 + 12 * 3),
    () =>
      work(
        [7, 'batch', 5],
        [
          {
            op: 'LSTM',
            inputs: ['x', 'w', 'r'],
            outputs: ['y'],
            attributes: { hidden_size: 3, direction: 'bidirectional' },
          },
        ],
        { w: randoms([2, 12, 5], 1), r: randoms([2, 12, 3], 2) },
      ),
  ],
  [
    'a GRU whose batch comes first',
    7 * (9 * 5 + 9 * 3),
    () =>
      work(
        ['batch', 7, 5],
        [{ op: 'GRU', inputs: ['x', 'w', 'r'], outputs: ['y'], attributes: { hidden_size: 3, layout: 1 } }],
        { w: randoms([1, 9, 5], 1), r: randoms([1, 9, 3], 2) },
      ),
  ],
  [
    'a Conv of a computed weight',
    each,
    () =>
      work(
        image,
        [
          { op: 'ReduceMean', inputs: ['x'], outputs: ['m'], attributes: { keepdims: 0 } },
          { op: 'Mul', inputs: ['w', 'm'], outputs: ['v'] },
          { op: 'Conv', inputs: ['x', 'v'], outputs: ['y'] },
        ],
        { w },
      ),
  ],
  [
    'a product of activations',
    8 * 8 * 8 * 3,
    () =>
      work(image, [
        { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [0, 1, 3, 2] } },
        { op: 'MatMul', inputs: ['x', 't'], outputs: ['y'] },
      ]),
  ],
  [
    'an Einsum',
    3 * 8 * 8 * 8,
    () =>
      work(image, [
        { op: 'Einsum', inputs: ['x', 'x'], outputs: ['y'], attributes: { equation: 'bchw,bcgw->bchg' } },
      ]),
  ],
  [
    'a product of unknown size',
    undefined,
    () => work([], [{ op: 'MatMul', inputs: ['x', 'x'], outputs: ['y'] }]),
  ],
])('counts %s', (_, macs, found) => {
  expect(found().map((one) => one.macs)).toEqual([macs]);
});

/** A body that convolves a value of the graph around it, once per branch or step. */
const body = (inputs: readonly string[], outputs: readonly string[], nodes: readonly NodeFields[]) =>
  create(GraphProtoSchema, {
    name: 'body',
    node: nodes.map(makeNode),
    input: inputs.map((name) => declare(name)),
    output: outputs.map((name) => declare(name)),
  });
const withBodies = (graph: Graph, bodies: Record<string, ReturnType<typeof body>>) => {
  const node = graph.nodes.find(({ opType }) => ['If', 'Loop', 'Scan'].includes(opType))!;
  node.attribute.push(
    ...Object.entries(bodies).map(([name, g]) => create(AttributeProtoSchema, { name, type: 5, g })),
  );
  return otherWork(graph).map(({ operator, macs }) => [operator, macs]);
};
const convolved: NodeFields = { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'] };

it('counts the larger branch of an If', () => {
  const graph = modelOf(
    ['x', image],
    [{ op: 'If', inputs: ['yes'], outputs: ['y'] }],
    ['y'],
    { w, yes: { type: 'bool', dims: [], data: Uint8Array.of(1) } },
    19,
  );
  const bodies = {
    then_branch: body([], ['c'], [convolved]),
    else_branch: body([], ['r'], [relu('x', 'r')]),
  };
  expect(withBodies(graph, bodies)).toEqual([['If', each]]);
});

it('counts the body of a Loop as often as it runs', () => {
  const graph = modelOf(
    ['x', image],
    [{ op: 'Loop', inputs: ['times', '', 'x'], outputs: ['y'] }],
    ['y'],
    { w: randoms([3, 3, 1, 1], 1), times: int64s([5]) },
    19,
  );
  const nodes: NodeFields[] = [
    { op: 'Identity', inputs: ['go'], outputs: ['on'] },
    { op: 'Conv', inputs: ['state', 'w'], outputs: ['next'] },
  ];
  expect(withBodies(graph, { body: body(['i', 'go', 'state'], ['on', 'next'], nodes) })).toEqual([
    ['Loop', 5 * 9 * 64],
  ]);
});

it.each<[string, readonly (number | string)[], NodeFields[], number]>([
  [
    'a Conv of time steps folded into the batch',
    ['batch', 6, 3, 8, 8],
    [
      { op: 'Reshape', inputs: ['x', 'fold'], outputs: ['f'] },
      { op: 'Conv', inputs: ['f', 'w'], outputs: ['y'] },
    ],
    6 * each,
  ],
  [
    'a Gemm of rows folded into the batch',
    ['batch', 6, 5],
    [
      { op: 'Reshape', inputs: ['x', 'rows'], outputs: ['f'] },
      { op: 'Gemm', inputs: ['f', 'g'], outputs: ['y'] },
    ],
    6 * 5 * 4,
  ],
  [
    'a MatMul whose time comes before the batch',
    ['batch', 6, 5],
    [
      { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [1, 0, 2] } },
      { op: 'MatMul', inputs: ['t', 'g'], outputs: ['y'] },
    ],
    6 * 5 * 4,
  ],
])('layers: counts %s for each step', (_, x, nodes, macs) => {
  const constants = { w, g: randoms([5, 4], 2), fold: int64s([-1, 3, 8, 8]), rows: int64s([-1, 5]) };
  const used = Object.entries(constants).filter(([name]) =>
    nodes.some(({ inputs }) => inputs.includes(name)),
  );
  for (const batch of ['batch', 1, 2]) {
    const dims = x.map((dim) => (dim === 'batch' ? batch : dim));
    const graph = modelOf(['x', dims], nodes, ['y'], Object.fromEntries(used));
    expect([macsOf(graph), otherWork(graph)]).toEqual([macs, []]);
  }
});
