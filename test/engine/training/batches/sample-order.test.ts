import { epochOrder } from '../../../../engine/training/batches/sample-order';

describe('epochOrder', () => {
  test('visits every sample once', () => {
    expect([...epochOrder(1000, 7, 0)].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  });

  test('is a function of seed and epoch', () => {
    expect(epochOrder(100, 7, 3)).toEqual(epochOrder(100, 7, 3));
    expect(epochOrder(100, 7, 3)).not.toEqual(epochOrder(100, 7, 4));
    expect(epochOrder(100, 7, 3)).not.toEqual(epochOrder(100, 8, 3));
  });

  test('puts each sample anywhere equally often', () => {
    const counts = new Float64Array(10 * 10);
    const epochs = 5000;
    for (let epoch = 0; epoch < epochs; epoch++) {
      epochOrder(10, 1, epoch).forEach((sample, at) => counts[10 * at + sample]++);
    }
    // Chi-squared with 81 degrees of freedom: above 140 happens less than once in ten thousand times.
    const expected = epochs / 10;
    expect(counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(140);
  });
});
