import { EngineError } from '../errors';
import type { BackendName } from '../names';
import type { LinearAlgebra } from './linear-algebra';
import { type Matrix, matrixOf, type Svd, transposed } from './matrix';
import { solveWithRidge } from './ridge';

type Floats = Float64Array<ArrayBuffer>;

/** A column-major matrix with at least as many rows as columns, as every singular value routine expects. */
export interface Tall {
  readonly rows: number;
  readonly columns: number;
  readonly data: Floats;
}

/**
 * Routines that LAPACK-like libraries share, over column-major buffers that they may overwrite. `info` is LAPACK's: 0
 * for success, −i for an illegal argument i, i > 0 for a numerical failure.
 */
export interface Routines {
  /** Thin SVD A = U·diag(S)·Vᵀ: U [rows, columns], S descending, Vᵀ [columns, columns]. */
  gesvd(a: Tall): Promise<{ u: Floats; s: Floats; vt: Floats; info: number }>;
  /**
   * Eigenvalues, ascending, of a symmetric [n, n] of which the lower triangle is read; `a` is overwritten by the
   * vectors.
   */
  syevd(n: number, a: Floats): Promise<{ values: Floats; info: number }>;
  /** Cholesky factorization in place, in the lower triangle of `a` [n, n]. */
  potrf(n: number, a: Floats): Promise<{ info: number }>;
  /** Solves for `columns` right-hand sides in place, with the factor from `potrf`. */
  potrs(n: number, factor: Floats, columns: number, rhs: Floats): Promise<{ info: number }>;
  /**
   * Multiplies the transpose of the first `depth` rows of X [leading, m] by those of Y [leading, n]: Xᵀ·Y as [m, n].
   * This is BLAS's gemm with transa = T and transb = N.
   */
  gemm(sizes: GemmSizes, x: Floats, y: Floats): Promise<Floats>;
}

/** Sizes of a `gemm` call, in elements. */
export interface GemmSizes {
  readonly m: number;
  readonly n: number;
  readonly depth: number;
  readonly leading: number;
}

/**
 * Views a row-major matrix as a tall column-major one. A row-major A has the memory layout of a column-major Aᵀ: a wide
 * matrix is copied as it is, and only one taller than wide is transposed.
 */
export function toTall(matrix: Matrix): Tall {
  const { rows, columns, data } = matrix;
  if (rows > columns) return { rows, columns, data: transposed(matrix).data };
  return { rows: columns, columns: rows, data: data.slice() };
}

/** Restores the SVD of the row-major matrix [rows, columns] from that of its `toTall`. */
export function fromTall(rows: number, columns: number, u: Floats, s: Floats, vt: Floats): Svd {
  const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
  const longSide = transposed(matrixOf(short, long, u));
  const shortSide = matrixOf(short, short, vt); // column-major Vᵀ is row-major V
  return rows > columns ? { u: longSide, s, v: shortSide } : { u: shortSide, s, v: longSide };
}

/** Builds a back end from a library's routines: layout, order and errors, which do not depend on the library. */
export function columnMajorBackend(
  name: BackendName,
  description: string,
  routines: Routines,
): LinearAlgebra {
  return {
    name,
    describe: () => description,
    async svd(matrix) {
      const { u, s, vt, info } = await routines.gesvd(toTall(matrix));
      requireSuccess(name, 'singular value decomposition', matrix, info);
      return fromTall(matrix.rows, matrix.columns, u, s, vt);
    },
    async eigh(symmetric) {
      const n = symmetric.rows;
      // The upper triangle in row-major memory is the lower one in column-major memory.
      const vectors = symmetric.data.slice();
      const { values, info } = await routines.syevd(n, vectors);
      requireSuccess(name, 'eigenvalue decomposition', symmetric, info);
      const descending = matrixOf(n, n);
      for (let k = 0; k < n; k++) {
        for (let row = 0; row < n; row++) descending.data[row * n + k] = vectors[(n - 1 - k) * n + row];
      }
      return { values: values.reverse(), vectors: descending };
    },
    // In column-major memory A is Aᵀ [k, m], and the result is its transpose: B·Aᵀ.
    async timesTransposed(a, b, depth = a.columns) {
      const sizes = { m: b.rows, n: a.rows, depth, leading: a.columns };
      return matrixOf(a.rows, b.rows, await routines.gemm(sizes, b.data, a.data));
    },
    solve: (spd, rhs) =>
      solveWithRidge(
        async (matrix) => {
          const n = matrix.rows;
          const factor = matrix.data.slice();
          const { info } = await routines.potrf(n, factor);
          if (info < 0) requireSuccess(name, 'Cholesky factorization', matrix, info);
          return {
            diagonal: info > 0 ? undefined : Float64Array.from({ length: n }, (_, i) => factor[i * n + i]),
            async solve(sides) {
              const columns = transposed(sides).data;
              const solved = await routines.potrs(n, factor, sides.columns, columns);
              requireSuccess(name, 'solution of equations', matrix, solved.info);
              return transposed(matrixOf(sides.columns, n, columns));
            },
          };
        },
        spd,
        rhs,
      ),
  };
}

function requireSuccess(name: BackendName, what: string, { rows, columns }: Matrix, info: number): void {
  if (info === 0) return;
  const of = `the ${what} of a matrix [${rows}, ${columns}] by ${name}`;
  if (info > 0)
    throw new EngineError(
      'Diverged',
      `${of} did not converge (INFO ${info}); set another linear algebra back end`,
    );
  throw new EngineError(
    'InvalidSettings',
    `${of} failed: the library rejected argument ${-info}, so it is not a LAPACK that Slimflow knows`,
  );
}
