import { channelMagnitudes, channelsFor, keepMostImportant } from '../../../engine/pruning/importance';
import { floats } from '../../../engine/tensor/tensor';

it('sums squared weights by input channel', () => {
  expect([...channelMagnitudes(floats([2, 2, 1, 2], [1, 2, 3, 0, -1, 0, 0, 1]))]).toEqual([6, 10]);
});

it('keeps the largest in order, the lower index where they tie', () => {
  expect(keepMostImportant([5, 1, 5, 9, 1], 2)).toEqual([0, 3]);
});

it.each([
  [0.5, 9, 4],
  [0.1, 3, 1],
  [0.7, 10, 7],
])('a ratio of %d keeps floor of %d channels, at least one', (ratio, channels, kept) => {
  expect(channelsFor(ratio, channels)).toBe(kept);
});
