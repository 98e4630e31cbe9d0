import { floatOf, intOf } from '../../../../engine/onnx/node-attributes';
import { projectLinear } from '../../../../engine/onnx/rewrites/project-linear';
import { floats } from '../../../../engine/tensor/tensor';
import { modelOf } from '../../../support/graphs';

const gemm = () =>
  modelOf(
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
    { w: floats([4, 5]), b: floats([4]), p: floats([4, 4]) },
  );

/** That the layer computes what its projected weight does is tested by svd/methods.test.ts, over random layers. */
it('on the output side of a Gemm, beta and the bias come behind the projection', () => {
  const graph = gemm();
  projectLinear(graph, graph.nodes[0], 'p', 'output');
  expect(graph.nodes.map(({ opType, input }) => [opType, ...input])).toEqual([
    ['Gemm', 'x', 'w'],
    ['Gemm', 'fc.projected', 'p', 'b'],
  ]);
  expect(
    graph.nodes.map((node) => [
      intOf(node, 'transB', 0),
      floatOf(node, 'alpha', 1),
      floatOf(node, 'beta', 1),
    ]),
  ).toEqual([
    [1, 2, 1],
    [0, 1, 3],
  ]);
});

it('on the input side, the layer stays as it is', () => {
  const graph = gemm();
  projectLinear(graph, graph.nodes[0], 'p', 'input');
  expect(graph.nodes.map(({ opType, input }) => [opType, ...input])).toEqual([
    ['MatMul', 'x', 'p'],
    ['Gemm', 'fc.projected', 'w', 'b'],
  ]);
});
