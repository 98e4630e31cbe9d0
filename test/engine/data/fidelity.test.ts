import fc from 'fast-check';

import { Fidelity } from '../../../engine/data/fidelity';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import { randoms } from '../../support/graphs';

const compared = (original: Record<string, Tensor>, compressed: Record<string, Tensor>) => {
  const fidelity = new Fidelity();
  fidelity.add(original, compressed);
  return fidelity.value();
};
const logits = { y: floats([2, 3], [1, 2, 3, 0.5, -1, 2]) };
const others = { y: floats([2, 3], [1.5, 1, 3.5, 0, -1, 2.5]) };

it('agrees with PyTorch', () => {
  // F.kl_div(log_softmax(others), log_softmax(logits), log_target=True, reduction='batchmean') of PyTorch 2.15
  const { relativeError, divergence, points } = compared(logits, others);
  expect(divergence).toBeCloseTo(0.1080852, 6);
  expect(relativeError).toBeCloseTo(2 / 19.25, 6);
  expect(points).toBeCloseTo(100 * (1 - 2 / 19.25), 6);
});

it('is 100 points of the same outputs, and never below 0', () => {
  expect(compared(logits, logits)).toEqual({ relativeError: 0, divergence: 0, points: 100 });
  expect(compared(logits, { y: floats([2, 3], [9, -9, 9, -9, 9, -9]) }).points).toBe(0);
});

it('normalizes each output by its own energy, and leaves integers out', () => {
  const loud = { small: floats([1, 2], [0.01, 0]), large: floats([1, 2], [100, 0]), count: int64s([3]) };
  const muted = { small: floats([1, 2], [0, 0]), large: floats([1, 2], [100, 0]), count: int64s([4]) };
  expect(compared(loud, muted).relativeError).toBeCloseTo(0.5);
});

it('judges an output that is zero throughout by whether it stays so', () => {
  const zero = { y: floats([1, 2]) };
  expect(compared(zero, zero).points).toBe(100);
  expect(compared(zero, { y: floats([1, 2], [1, 0]) }).points).toBe(0);
});

it('compares pixel by pixel where outputs are [N, K, H, W]', () => {
  const rows = { y: floats([2, 2], [1, 3, 2, 0]) };
  const pixels = { y: floats([1, 2, 1, 2], [1, 2, 3, 0]) }; // the same rows as pixels of an image
  const zeros = (dims: number[]) => ({ y: floats(dims) });
  expect(compared(pixels, zeros([1, 2, 1, 2])).divergence).toBeCloseTo(
    compared(rows, zeros([2, 2])).divergence,
    12,
  );
});

it('does not depend on how samples are cut into batches', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 999 }), (samples, seed) => {
      const [a, b] = [randoms([samples, 4], seed), randoms([samples, 4], seed + 1)];
      const whole = compared({ y: a }, { y: b });
      const streamed = new Fidelity();
      for (let n = 0; n < samples; n++) {
        const row = (tensor: Tensor) => ({
          y: floats([1, 4], tensor.data.slice(4 * n, 4 * n + 4) as Float32Array),
        });
        streamed.add(row(a), row(b));
      }
      expect(streamed.value().relativeError).toBeCloseTo(whole.relativeError, 9);
      expect(streamed.value().divergence).toBeCloseTo(whole.divergence, 9);
      expect(whole.divergence).toBeGreaterThanOrEqual(0);
    }),
  );
});

it.each([
  ['NaN of the compressed model', { y: floats([1, 2], [NaN, 1]) }, /compressed model computes NaN.*output y/],
  ['an output of another shape', { y: floats([1, 3]) }, /output y is \[1, 2\] in the original but \[1, 3\]/],
  ['a missing output', {}, /output y is \[1, 2\] in the original but missing/],
])('refuses %s', (_, outputs, message) => {
  expect(() => compared({ y: floats([1, 2], [1, 2]) }, outputs as Record<string, Tensor>)).toThrow(message);
});

it('refuses NaN of the original, and models without floats', () => {
  expect(() => compared({ y: floats([1], [NaN]) }, { y: floats([1]) })).toThrow(
    /original model computes NaN/,
  );
  expect(() => compared({ y: int64s([1]) }, { y: int64s([1]) })).toThrow(/no float output/);
});
