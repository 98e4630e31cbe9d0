import { EngineError } from '../errors';
import { type Matrix, matrixOf } from './matrix';

/** An attempt at A = L·Lᵀ for A [n, n], of which only the upper triangle is read. */
export interface Cholesky {
  /** The diagonal of L; undefined if a pivot was not positive. */
  readonly diagonal: Float64Array | undefined;
  /** Solves A·X = B for B [n, k]. */
  solve(rhs: Matrix): Promise<Matrix>;
}
/** Factorizes a symmetric matrix by Cholesky. */
export type Factorize = (spd: Matrix) => Promise<Cholesky>;

const ridges = [0, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2];

/**
 * Solves A·X = B by Cholesky in float64, with the smallest ridge that makes A positive definite. The unknowns are first
 * scaled so that A has a diagonal of ones: the ridge then weighs all of them alike, and large ones do not drown small
 * ones (a bias, whose entry is the number of samples, next to activations of 0.01).
 * @throws EngineError `InvalidModel` if no ridge up to 1e-2 is enough, so that A is not a Gram matrix
 */
export async function solveWithRidge(factorize: Factorize, spd: Matrix, rhs: Matrix): Promise<Matrix> {
  const n = spd.rows;
  const scale = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(spd.data[i * n + i] || 1));
  for (const ridge of ridges) {
    const cholesky = await factorize(scaled(spd, scale, ridge));
    if (!cholesky.diagonal || dependent(cholesky.diagonal)) continue;
    const solution = await cholesky.solve(rowsTimes(rhs, scale));
    return rowsTimes(solution, scale);
  }
  throw new EngineError(
    'InvalidModel',
    `a system of ${n} equations is not positive definite, even with a ridge of ${ridges.at(-1)}`,
  );
}

/**
 * Tells if a pivot is mere rounding error: in a matrix with a unit diagonal, the squared pivot is the share of an
 * unknown that earlier ones do not explain, accurate to about n units in the last place.
 */
const dependent = (diagonal: Float64Array): boolean =>
  diagonal.some((pivot) => !(pivot * pivot > 10 * diagonal.length * Number.EPSILON));

function scaled({ rows: n, data }: Matrix, scale: Float64Array, ridge: number): Matrix {
  const out = matrixOf(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      const value = data[i * n + j] * scale[i] * scale[j] + (i === j ? ridge : 0);
      out.data[i * n + j] = value;
      out.data[j * n + i] = value;
    }
  }
  return out;
}

const rowsTimes = ({ rows, columns, data }: Matrix, scale: Float64Array): Matrix =>
  matrixOf(
    rows,
    columns,
    data.map((value, at) => value * scale[Math.floor(at / columns)]),
  );
