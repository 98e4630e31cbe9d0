import type { FloatTensor } from '../tensor/tensor';

/** The squared weight sum of each input channel of a kernel [N, C, kH, kW] over (n, h, w): AIMET's magnitude. */
export function channelMagnitudes({ dims: [filters, channels, ...kernel], data }: FloatTensor): Float64Array {
  const taps = kernel.reduce((a, b) => a * b, 1);
  const sums = new Float64Array(channels);
  for (let at = 0; at < filters * channels * taps; at++)
    sums[Math.floor(at / taps) % channels] += data[at] * data[at];
  return sums;
}

/** The `count` channels of largest importance, ascending by index; ties go to the lower index. */
export function keepMostImportant(importance: ArrayLike<number>, count: number): number[] {
  return Array.from(importance, (_, channel) => channel)
    .sort((a, b) => importance[b] - importance[a] || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** Input channels that a ratio keeps: floor(C·ratio), at least 1 (AIMET). */
export const channelsFor = (ratio: number, channels: number): number =>
  Math.max(1, Math.floor(channels * ratio + 1e-9));
