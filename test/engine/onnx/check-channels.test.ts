import { checkChannels } from '../../../engine/onnx/check-channels';
import type { NodeFields } from '../../../engine/onnx/graph';
import { inferShapes } from '../../../engine/onnx/shapes';
import { modelOf, randoms } from '../../support/graphs';

const check = (
  channels: readonly number[],
  node: Pick<NodeFields, 'op' | 'attributes'>,
  weight: number[],
) => {
  const graph = modelOf(
    ['x', ['batch', ...channels]],
    [{ ...node, name: 'layer', inputs: ['x', 'w'], outputs: ['y'] }],
    ['y'],
    { w: randoms(weight, 1) },
  );
  checkChannels(graph, inferShapes(graph));
};

const fitting: [string, number[], NodeFields['attributes'], number[]][] = [
  ['Conv', [4, 5, 5], { group: 2 }, [6, 2, 3, 3]],
  ['ConvTranspose', [4, 5, 5], {}, [4, 2, 3, 3]],
  ['Gemm', [4], {}, [4, 3]],
  ['Gemm', [4], { transB: 1 }, [3, 4]],
  ['MatMul', [7, 4], {}, [4, 3]],
];

it.each(fitting)('%s on %p with %p takes a weight %p', (op, channels, attributes, weight) => {
  expect(() => check(channels, { op, attributes }, weight)).not.toThrow();
});

it.each(fitting)(
  '%s on %p with %p and a weight %p does not take 2^31 channels',
  (op, channels, attributes, weight) => {
    const at = op === 'MatMul' ? 1 : 0;
    const huge = channels.map((size, axis) => (axis === at ? 2 ** 31 : size));
    expect(() => check(huge, { op, attributes }, weight)).toThrow(
      `node layer (${op}) takes 4 channels by its weight [${weight.join(', ')}], but its input has 2147483648`,
    );
  },
);
