import { curveOf } from '../../../../engine/training/loop/learning-curve';

test('a curve has the rate of each step, and after a retry the lower one', () => {
  const settings = { schedule: 'constant', learningRate: 0.1, momentum: 0.9 } as const;
  const retry = { step: 5, why: 'NaN' };
  const retries = [
    { ...retry, backTo: 2, from: 0.1, to: 0.01 },
    { ...retry, backTo: 3, from: 0.01, to: 0.001 },
  ];
  expect(curveOf([4, 3, 2, 1, 1], 6, settings, retries)).toEqual({
    losses: [4, 3, 2, 1, 1],
    learningRates: [0.1, 0.1, 0.01, 0.001, 0.001],
  });
  expect(curveOf([2], 6, settings, []).learningRates).toEqual([0.1]);
});
