import { floatOf, intOf } from '../../../../engine/onnx/node-attributes';
import { splitLinear } from '../../../../engine/onnx/rewrites/split-linear';
import { floats } from '../../../../engine/tensor/tensor';
import { modelOf } from '../../../support/graphs';

/** That the pair computes the layer is tested by svd/methods.test.ts, over random layers. */
it('of a Gemm, both halves have the layout; alpha, beta and the bias go to the second', () => {
  const graph = modelOf(
    ['x', ['batch', 5]],
    [
      {
        op: 'Gemm',
        name: 'fc',
        inputs: ['x', 'w', 'b'],
        outputs: ['y'],
        attributes: { transB: 1, alpha: 2, beta: 3 },
      },
    ],
    ['y'],
    { w: floats([4, 5]), b: floats([4]) },
  );
  const halves = splitLinear(graph, graph.nodes[0], { first: floats([2, 5]), second: floats([4, 2]) });
  expect(
    halves.map((half) => [intOf(half, 'transB', 0), floatOf(half, 'alpha', 1), floatOf(half, 'beta', 1)]),
  ).toEqual([
    [1, 1, 1],
    [1, 2, 3],
  ]);
  expect(halves.map(({ input }) => input)).toEqual([
    ['x', 'fc.reduce.weight'],
    ['fc.between', 'fc.expand.weight', 'b'],
  ]);
});
