import { fromTall, toTall } from '../../../engine/linalg/column-major';
import { matrixOf } from '../../../engine/linalg/matrix';
import { rebuilt } from '../../support/backends';

const numbers = (...values: number[]) => Float64Array.from(values);

describe('a row-major matrix as a tall column-major one', () => {
  it('is its own memory where it is wide', () => {
    expect(toTall(matrixOf(2, 3, numbers(1, 2, 3, 4, 5, 6)))).toEqual({
      rows: 3,
      columns: 2,
      data: numbers(1, 2, 3, 4, 5, 6),
    });
  });

  it('is transposed where it is tall', () => {
    expect(toTall(matrixOf(3, 2, numbers(1, 2, 3, 4, 5, 6)))).toEqual({
      rows: 3,
      columns: 2,
      data: numbers(1, 3, 5, 2, 4, 6),
    });
  });

  it('is a copy, which routines may overwrite', () => {
    const matrix = matrixOf(1, 1, numbers(1));
    toTall(matrix).data[0] = 2;
    expect(matrix.data[0]).toBe(1);
  });
});

/** Tall: A = u1·10·(0 1) + u2·2·(−1 0); wide: its transpose. */
it.each([
  [3, 2, [0, 10, -2, 0, 0, 0]],
  [2, 3, [0, -2, 0, 10, 0, 0]],
])('U, S and Vᵀ of a library become those of the matrix [%d, %d]', (rows, columns, expected) => {
  const u = numbers(1, 0, 0, 0, 1, 0); // column-major [3, 2]
  const vt = numbers(0, -1, 1, 0); // column-major [2, 2]
  const svd = fromTall(rows, columns, u, numbers(10, 2), vt);
  expect(Array.from(rebuilt(svd).data, (value) => value + 0)).toEqual(expected);
  expect([svd.u.rows, svd.v.rows]).toEqual([rows, columns]);
});
