import { lq } from '../../../engine/linalg/householder';
import { matrixOf, transposed } from '../../../engine/linalg/matrix';
import { farthest, randomMatrix, skewness, times } from '../../support/backends';

it.each([
  ['wide', randomMatrix(5, 12, 1)],
  ['square', randomMatrix(6, 6, 2)],
  ['rank-deficient', times(randomMatrix(6, 2, 3), randomMatrix(2, 9, 4))],
  ['zero', matrixOf(3, 7)],
  ['of one row', randomMatrix(1, 4, 5)],
])('L·Q of a matrix that is %s: L lower triangular, rows of Q orthonormal', (_, matrix) => {
  const { l, q } = lq(matrix);
  expect(farthest(times(l, q), matrix)).toBeLessThan(1e-13);
  expect(skewness(transposed(q))).toBeLessThan(1e-13);
  l.data.forEach((value, at) => {
    if (at % l.columns > Math.floor(at / l.columns)) expect(value).toBe(0);
  });
});
