import { assumeSizes } from '../../../../engine/onnx/input-size';
import type { NodeFields } from '../../../../engine/onnx/graph';
import { foldShapes } from '../../../../engine/onnx/rewrites/fold-shapes';
import { int64s, numbersOf } from '../../../../engine/tensor/tensor';
import { modelOf, randoms, runOnce } from '../../../support/graphs';

const view: NodeFields[] = [
  { op: 'Shape', inputs: ['x'], outputs: ['s'] },
  { op: 'Gather', inputs: ['s', 'zero'], outputs: ['n'] },
  { op: 'Unsqueeze', inputs: ['n', 'axes'], outputs: ['n1'] },
  { op: 'Concat', inputs: ['n1', 'rest'], outputs: ['target'], attributes: { axis: 0 } },
  { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
];
const constants = (...rest: number[]) => ({
  zero: { ...int64s([0]), dims: [] },
  axes: int64s([0]),
  rest: int64s(rest),
});

it('x.view(x.size(0), -1) becomes a Reshape to a constant, right for every batch', async () => {
  const graph = modelOf(['x', ['batch', 4, 2, 2]], view, ['y', ['batch', 16]], constants(-1));
  const inputs = [1, 3].map((batch) => randoms([batch, 4, 2, 2], batch));
  const expected = await Promise.all(inputs.map((x) => runOnce(graph, x)));
  foldShapes(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Reshape']);
  expect(numbersOf(graph.constant(graph.nodes[0].input[1])!)).toEqual([0, -1]);
  expect(await Promise.all(inputs.map((x) => runOnce(graph, x)))).toEqual(expected);
});

it('a multiple of the batch is found by division', async () => {
  const nodes = [...view];
  nodes.splice(2, 0, { op: 'Mul', inputs: ['n', 'two'], outputs: ['n2'] });
  nodes[3] = { ...nodes[3], inputs: ['n2', 'axes'] };
  const graph = modelOf(['x', ['batch', 4, 2, 2]], nodes, ['y', [undefined, 8]], {
    ...constants(8),
    two: { ...int64s([2]), dims: [] },
  });
  foldShapes(graph);
  expect(numbersOf(graph.constant(graph.nodes[0].input[1])!)).toEqual([-1, 8]);
  expect((await runOnce(graph, randoms([3, 4, 2, 2], 1))).dims).toEqual([6, 8]);
});

it('sizes that were only assumed fold nothing', () => {
  const graph = modelOf(
    ['x', ['batch', 1, 'h', 'w']],
    [
      { op: 'Shape', inputs: ['x'], outputs: ['s'] },
      { op: 'Reshape', inputs: ['x', 's'], outputs: ['y'] },
    ],
    ['y'],
    {},
  );
  assumeSizes(graph, [1, 1, 8, 8]);
  foldShapes(graph);
  expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Shape', 'Reshape']);
});
