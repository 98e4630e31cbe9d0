import { intsOf } from '../../../../engine/onnx/node-attributes';
import { splitConv } from '../../../../engine/onnx/rewrites/split-conv';
import { floats } from '../../../../engine/tensor/tensor';
import { modelOf } from '../../../support/graphs';

/** That the pair computes the layer is tested by svd/methods.test.ts, over random layers. */
it('each half has stride, dilation and padding of its own axes; the second has the bias', () => {
  const graph = modelOf(
    ['x', ['batch', 2, 12, 12]],
    [
      {
        op: 'Conv',
        name: 'c',
        inputs: ['x', 'w', 'b'],
        outputs: ['y'],
        attributes: { strides: [2, 3], dilations: [3, 2], pads: [1, 2, 3, 4] },
      },
    ],
    ['y'],
    { w: floats([4, 2, 3, 5]), b: floats([4]) },
  );
  const halves = splitConv(graph, graph.nodes[0], {
    first: floats([1, 2, 3, 1]),
    second: floats([4, 1, 1, 5]),
    axesOfFirst: 1,
    names: ['vertical', 'horizontal'],
  });
  const settings = halves.map((half) =>
    ['kernel_shape', 'strides', 'dilations', 'pads'].map((key) => intsOf(half, key)),
  );
  expect(settings).toEqual([
    [
      [3, 1],
      [2, 1],
      [3, 1],
      [1, 0, 3, 0],
    ],
    [
      [1, 5],
      [1, 3],
      [1, 2],
      [0, 2, 0, 4],
    ],
  ]);
  expect(halves.map(({ input }) => input)).toEqual([
    ['x', 'c.vertical.weight'],
    ['c.between', 'c.horizontal.weight', 'b'],
  ]);
  expect(graph.nodes).toEqual(halves);
});
