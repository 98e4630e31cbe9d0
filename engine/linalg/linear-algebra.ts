import { EngineError } from '../errors';
import { type Eigen, type Matrix, requireFinite, type Svd } from './matrix';

/** The libraries that Slimflow can compute with, the fastest first. */
export const backendNames = ['cusolver', 'lapack', 'ml-matrix'] as const;
export type BackendName = (typeof backendNames)[number];

/**
 * Decompositions of dense matrices in float64. Calls do not change their arguments, and leave the event loop free
 * where the library allows it (all but ml-matrix); several may run at once.
 */
export interface LinearAlgebra {
  readonly name: BackendName;
  /** The library in words, with its version and where it lies. */
  describe(): string;
  /**
   * The thin singular value decomposition; of any shape and rank, 1 x n and all zeros included.
   * @throws EngineError `InvalidModel` for NaN or Inf, `Diverged` where the iteration does not end.
   */
  svd(matrix: Matrix): Promise<Svd>;
  /**
   * Eigenvalues and vectors of a symmetric matrix [n, n], of which the upper triangle is read.
   * @throws EngineError as `svd` does
   */
  eigh(symmetric: Matrix): Promise<Eigen>;
  /**
   * Solves A·X = B for a symmetric positive definite A [n, n], of which the upper triangle is read, and B [n, k].
   * Where A is not positive definite in float64 (dependent unknowns), a ridge of 1e-10 of its diagonal is added, or
   * the smallest power of ten above that helps.
   * @throws EngineError `InvalidModel` for NaN or Inf, and for an A that no ridge up to 1e-2 makes positive definite
   */
  solve(spd: Matrix, rhs: Matrix): Promise<Matrix>;
  /** A·Bᵀ [m, n] of A [m, k] and B [n, k], or of their first `depth` columns. */
  timesTransposed(a: Matrix, b: Matrix, depth?: number): Promise<Matrix>;
}

/** A back end with its arguments checked before any library sees them. */
export const checked = (library: LinearAlgebra): LinearAlgebra => ({
  name: library.name,
  describe: () => library.describe(),
  async svd(matrix) {
    requireElements(matrix);
    requireFinite(matrix, 'a matrix to decompose');
    return library.svd(matrix);
  },
  async eigh(symmetric) {
    requireSquare(symmetric);
    requireFinite(symmetric, 'a matrix to decompose');
    return library.eigh(symmetric);
  },
  async solve(spd, rhs) {
    requireSquare(spd);
    requireElements(rhs);
    if (rhs.rows !== spd.rows)
      throw new RangeError(`${spd.rows} equations with right-hand sides of ${rhs.rows} rows`);
    requireFinite(spd, 'a system of equations');
    requireFinite(rhs, 'the right-hand sides of equations');
    return library.solve(spd, rhs);
  },
  async timesTransposed(a, b, depth = a.columns) {
    requireElements(a);
    requireElements(b);
    if (a.columns !== b.columns || depth < 1 || depth > a.columns)
      throw new RangeError(`rows of ${a.columns} and of ${b.columns} numbers do not multiply, ${depth} deep`);
    return library.timesTransposed(a, b, depth);
  },
});

function requireElements({ rows, columns, data }: Matrix): void {
  if (rows < 1 || columns < 1 || data.length !== rows * columns)
    throw new EngineError('InvalidModel', `a matrix [${rows}, ${columns}] over ${data.length} numbers`);
}

function requireSquare(matrix: Matrix): void {
  requireElements(matrix);
  if (matrix.rows !== matrix.columns)
    throw new RangeError(`a symmetric matrix is square; this one is [${matrix.rows}, ${matrix.columns}]`);
}
