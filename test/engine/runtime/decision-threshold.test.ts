import type { NodeFields } from '../../../engine/onnx/graph';
import { thresholdOf } from '../../../engine/runtime/decision-threshold';
import { int64s } from '../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../support/graphs';

const gemm = (output: string): NodeFields => ({ op: 'Gemm', inputs: ['x', 'w'], outputs: [output] });
const node = (op: string, from: string, output: string, ...more: string[]): NodeFields => ({
  op,
  inputs: [from, ...more],
  outputs: [output],
});

it.each<[string, NodeFields[], number]>([
  ['logits', [gemm('y')], 0],
  ['logits that are moved', [gemm('a'), node('Reshape', 'a', 'y', 'shape')], 0],
  ['a Sigmoid', [gemm('a'), node('Sigmoid', 'a', 'y')], 0.5],
  [
    'a Sigmoid whose values are moved',
    [gemm('a'), node('Sigmoid', 'a', 'b'), node('Reshape', 'b', 'y', 'shape')],
    0.5,
  ],
  [
    'logits behind a Sigmoid',
    [node('Sigmoid', 'x', 'x.sigmoid'), { ...gemm('y'), inputs: ['x.sigmoid', 'w'] }],
    0,
  ],
  ['the input itself', [node('Identity', 'x', 'y')], 0],
])('yes is what lies above the middle of %s', (_, nodes, threshold) => {
  const constants = { w: randoms([4, 4], 1), shape: int64s([-1, 4]) };
  expect(thresholdOf(modelOf(['x', ['n', 4]], nodes, ['y', ['n', 4]], constants))).toBe(threshold);
});
