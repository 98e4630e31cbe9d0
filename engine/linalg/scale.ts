import { type Matrix, matrixOf } from './matrix';

type Floats = Float64Array<ArrayBuffer>;

/** Magnitudes that can be squared, and their squares summed, without leaving float64's normal range. */
const [smallest, largest] = [2 ** -400, 2 ** 400];

/**
 * Scales a matrix by a power of two, which is exact, if its largest entry is so tiny or huge that an iteration would underflow,
 * overflow or never end (ml-matrix on denormal numbers); others are returned as they are.
 * @returns the matrix to decompose, and a function that gives its singular values or eigenvalues the original's scale
 */
export function ordinary(matrix: Matrix): { scaled: Matrix; restored: (values: Floats) => Floats } {
  let most = 0;
  for (const value of matrix.data) most = Math.max(most, Math.abs(value));
  if (most === 0 || (most >= smallest && most <= largest))
    return { scaled: matrix, restored: (values) => values };
  const exponent = Math.floor(Math.log2(most));
  return {
    scaled: matrixOf(matrix.rows, matrix.columns, timesPowerOfTwo(matrix.data, -exponent)),
    restored: (values) => timesPowerOfTwo(values, exponent),
  };
}

/** Multiplies by 2^exponent in two steps, since the power itself may be out of range. */
function timesPowerOfTwo(values: Floats, exponent: number): Floats {
  const half = Math.trunc(exponent / 2);
  return values.map((value) => value * 2 ** half * 2 ** (exponent - half));
}
