import { runsOf } from '../../../engine/tensor/stretches';

it.each([
  [[], []],
  [[4], [[4, 5]]],
  [
    [3, 4, 5, 9],
    [
      [3, 6],
      [9, 10],
    ],
  ],
  [
    [5, 4, 6, 7],
    [
      [5, 6],
      [4, 5],
      [6, 8],
    ],
  ],
])('%j in stretches', (positions, runs) => {
  expect(runsOf(positions)).toEqual(runs);
});
