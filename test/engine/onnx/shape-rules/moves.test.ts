import { create } from '@bufbuild/protobuf';

import type { NodeFields } from '../../../../engine/onnx/graph';
import { ValueInfoProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { inferShapes } from '../../../../engine/onnx/shapes';
import { Session } from '../../../../engine/runtime/session';
import { floats, int64s, type Tensor } from '../../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../../support/graphs';

type Case = [name: string, nodes: NodeFields[], constants: Record<string, Tensor>];
const one = (op: string, inputs: string[], attributes = {}): NodeFields[] => [
  { op, inputs: ['x', ...inputs], outputs: ['y'], attributes },
];
const scalar = (value: number): Tensor => ({ ...int64s([value]), dims: [] });

/** As PyTorch's tracing exporter writes `nn.ZeroPad2d`. */
const padding: NodeFields[] = [
  { op: 'ConstantOfShape', inputs: ['four'], outputs: ['zeros'], attributes: { value: int64s([0]) } },
  { op: 'Concat', inputs: ['given', 'zeros'], outputs: ['all'], attributes: { axis: 0 } },
  { op: 'Reshape', inputs: ['all', 'pairs'], outputs: ['table'] },
  { op: 'Slice', inputs: ['table', 'minus1', 'lowest', 'first', 'minus1'], outputs: ['turned'] },
  { op: 'Transpose', inputs: ['turned'], outputs: ['columns'], attributes: { perm: [1, 0] } },
  { op: 'Reshape', inputs: ['columns', 'minus1'], outputs: ['pads'] },
  { op: 'Pad', inputs: ['x', 'pads'], outputs: ['y'] },
];
/** As it writes `x.chunk(2, 1)[0]`. */
const chunk: NodeFields[] = [
  { op: 'Shape', inputs: ['x'], outputs: ['s'] },
  { op: 'Gather', inputs: ['s', 'i'], outputs: ['c'], attributes: { axis: 0 } },
  { op: 'Add', inputs: ['c', 'i'], outputs: ['more'] },
  { op: 'Div', inputs: ['more', 'two'], outputs: ['half'] },
  { op: 'Mul', inputs: ['half', 'i'], outputs: ['end'] },
  { op: 'Slice', inputs: ['x', 'from', 'end', 'i'], outputs: ['y'] },
];

it.each<Case>([
  [
    'Slice',
    one('Slice', ['a', 'b', 'c', 'd']),
    { a: int64s([1, -1]), b: int64s([9, -99]), c: int64s([2, 3]), d: int64s([2, -1]) },
  ],
  ['Split', one('Split', ['a'], { axis: 1 }), { a: int64s([4]) }],
  ['Gather of one', one('Gather', ['a'], { axis: 3 }), { a: scalar(2) }],
  ['Tile', one('Tile', ['a']), { a: int64s([1, 1, 2, 3]) }],
  ['Expand', one('Expand', ['a']), { a: int64s([4, 6, 6]) }],
  ['Resize by scales', one('Resize', ['', 'a']), { a: floats([4], [1, 1, 2, 1.5]) }],
  ['DepthToSpace', one('DepthToSpace', [], { blocksize: 2 }), {}],
  ['SpaceToDepth', one('SpaceToDepth', [], { blocksize: 2 }), {}],
  ['ReduceMean over no axes', one('ReduceMean', ['a'], { keepdims: 0 }), { a: int64s([]) }],
  ['MatMul with a vector', one('MatMul', ['a']), { a: randoms([6], 1) }],
  [
    'ConvTranspose',
    one('ConvTranspose', ['w'], { strides: [2, 3], pads: [1, 0, 1, 1], output_padding: [1, 0], group: 2 }),
    { w: randoms([4, 3, 3, 2], 1) },
  ],
  [
    'Pad by computed pads',
    padding,
    {
      four: int64s([4]),
      given: int64s([1, 2, 3, 4]),
      pairs: int64s([-1, 2]),
      minus1: int64s([-1]),
      lowest: int64s([-(2 ** 40)]),
      first: int64s([0]),
    },
  ],
  ['Slice to a computed end', chunk, { i: int64s([1]), two: int64s([2]), from: int64s([0]) }],
])('the shape of %s is that of a real run', async (_, nodes, constants) => {
  const graph = modelOf(['x', ['batch', 4, 6, 6]], nodes, ['y'], constants);
  const shape = inferShapes(graph).get('y');
  graph.setInterface([graph.declaration('x')!], [create(ValueInfoProtoSchema, { name: 'y' })]);
  const session = await Session.open(graph, { threads: 1, optimize: 'disabled' });
  const { y } = await session.run({ x: floats([3, 4, 6, 6]) });
  await session.close();
  expect(shape?.map((dim) => (dim === 'batch' ? 3 : dim))).toEqual(y.dims);
});

it.each<[string, NodeFields[]]>([
  ['ReduceMean', one('ReduceMean', ['axes'])],
  ['Squeeze', one('Squeeze', ['axes'])],
])('%s over axes that are not known is not guessed', (_, nodes) => {
  const unknown: NodeFields = { op: 'NonZero', inputs: ['x'], outputs: ['axes'] };
  const graph = modelOf(['x', ['batch', 1, 1, 6]], [unknown, ...nodes], ['y'], {});
  expect(inferShapes(graph).has('y')).toBe(false);
});
