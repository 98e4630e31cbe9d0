import { EngineError } from '../errors';
import type { BackendName } from '../names';
import { type Eigen, type Matrix, matrixOf, requireFinite, type Svd } from './matrix';
import { ordinary } from './scale';

/**
 * Decompositions of dense matrices in float64. Calls do not change their arguments and, except in faer and ml-matrix, do
 * not block the event loop; several may run at once.
 */
export interface LinearAlgebra {
  readonly name: BackendName;
  /** Names the library, with its version and path. */
  describe(): string;
  /**
   * Computes the thin singular value decomposition of a matrix of any shape and rank, including 1 × n and all zeros.
   * @throws EngineError `InvalidModel` for NaN or Inf, `Diverged` if the iteration does not converge
   */
  svd(matrix: Matrix): Promise<Svd>;
  /**
   * Computes eigenvalues and eigenvectors of a symmetric matrix [n, n], of which only the upper triangle is read.
   * @throws EngineError as `svd` does
   */
  eigh(symmetric: Matrix): Promise<Eigen>;
  /**
   * Solves A·X = B for a symmetric positive definite A [n, n], of which only the upper triangle is read, and B [n, k].
   * If A is not positive definite in float64 (dependent unknowns), a ridge of 1e-10 of its diagonal is added, or the
   * smallest larger power of ten that works.
   * @throws EngineError `InvalidModel` for NaN or Inf, and for an A that no ridge up to 1e-2 makes positive definite
   */
  solve(spd: Matrix, rhs: Matrix): Promise<Matrix>;
  /** Computes A·Bᵀ [m, n] from A [m, k] and B [n, k], or from their first `depth` columns. */
  timesTransposed(a: Matrix, b: Matrix, depth?: number): Promise<Matrix>;
}

/** Wraps a back end so that arguments are checked before a library sees them. */
export const checked = (library: LinearAlgebra): LinearAlgebra => ({
  name: library.name,
  describe: () => library.describe(),
  async svd(matrix) {
    requireElements(matrix);
    requireFinite(matrix, 'a matrix to decompose');
    const { scaled, restored } = ordinary(matrix);
    const { u, s, v } = await library.svd(scaled);
    return { u, s: restored(s), v };
  },
  async eigh(symmetric) {
    requireSquare(symmetric);
    requireFinite(symmetric, 'a matrix to decompose');
    const { scaled, restored } = ordinary(upperOf(symmetric));
    const { values, vectors } = await library.eigh(scaled);
    return { values: restored(values), vectors };
  },
  async solve(spd, rhs) {
    requireSquare(spd);
    requireElements(rhs);
    if (rhs.rows !== spd.rows)
      throw new RangeError(
        `${spd.rows} equations need right-hand sides of ${spd.rows} rows, not ${rhs.rows}`,
      );
    requireFinite(spd, 'a system of equations');
    requireFinite(rhs, 'the right-hand sides of equations');
    return library.solve(spd, rhs);
  },
  async timesTransposed(a, b, depth = a.columns) {
    requireElements(a);
    requireElements(b);
    if (a.columns !== b.columns || depth < 1 || depth > a.columns)
      throw new RangeError(
        `rows of ${a.columns} and ${b.columns} numbers cannot be multiplied to a depth of ${depth}`,
      );
    return library.timesTransposed(a, b, depth);
  },
});

function requireElements({ rows, columns, data }: Matrix): void {
  if (rows < 1 || columns < 1 || data.length !== rows * columns)
    throw new EngineError(
      'InvalidModel',
      `a matrix [${rows}, ${columns}] cannot hold ${data.length} numbers`,
    );
}

function requireSquare(matrix: Matrix): void {
  requireElements(matrix);
  if (matrix.rows !== matrix.columns)
    throw new RangeError(
      `a symmetric matrix must be square, but this one is [${matrix.rows}, ${matrix.columns}]`,
    );
}

/** Copies the upper triangle of a matrix, below zeros: what the rest holds must not count. */
function upperOf({ rows: n, data }: Matrix): Matrix {
  const upper = matrixOf(n, n);
  for (let i = 0; i < n; i++) upper.data.set(data.subarray(i * n + i, (i + 1) * n), i * n + i);
  return upper;
}
