import { EngineError } from '../errors';

/** A dense row-major matrix in float64, the precision of all decompositions. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array<ArrayBuffer>;
}

/** Thin SVD A = U·diag(S)·Vᵀ with U [rows, r], S [r] in descending order, V [columns, r]; r = min(rows, columns). */
export interface Svd {
  readonly u: Matrix;
  readonly s: Float64Array<ArrayBuffer>;
  readonly v: Matrix;
}

/**
 * Eigendecomposition A = Q·diag(values)·Qᵀ of a symmetric A [n, n]: values in descending order, Q [n, n] with one
 * vector per column.
 */
export interface Eigen {
  readonly values: Float64Array<ArrayBuffer>;
  readonly vectors: Matrix;
}

/** Makes a matrix over `data`, or one of zeros. */
export const matrixOf = (
  rows: number,
  columns: number,
  data: Float64Array<ArrayBuffer> = new Float64Array(rows * columns),
): Matrix => ({ rows, columns, data });

/** Side, in elements, of the tiles that `transposed` copies: a tile of either matrix fits a core's L1 cache. */
const tile = 32;

/** Transposes a row-major matrix, which is the same as converting it to column-major. */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const out = matrixOf(columns, rows);
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(rows, top + tile);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(columns, left + tile);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++)
          out.data[column * rows + row] = data[row * columns + column];
      }
    }
  }
  return out;
}

/** Computes A·Bᵀ in JavaScript from A [m, k] and B [n, k], or from their first `depth` columns. */
export function timesTransposed(a: Matrix, b: Matrix, depth = a.columns): Matrix {
  const out = matrixOf(a.rows, b.rows);
  for (let i = 0; i < a.rows; i++) {
    const row = a.data.subarray(i * a.columns, i * a.columns + depth);
    let j = 0;
    // Four dot products at a time share one read of `row` and keep the processor's adders independent.
    for (; j + 3 < b.rows; j += 4) {
      const [at, next] = [j * b.columns, b.columns];
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      for (let k = 0; k < depth; k++) {
        const x = row[k];
        s0 += x * b.data[at + k];
        s1 += x * b.data[at + next + k];
        s2 += x * b.data[at + 2 * next + k];
        s3 += x * b.data[at + 3 * next + k];
      }
      out.data.set([s0, s1, s2, s3], i * b.rows + j);
    }
    for (; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += row[k] * b.data[j * b.columns + k];
      out.data[i * b.rows + j] = sum;
    }
  }
  return out;
}

/**
 * Rejects matrices with NaN or Inf, on which iterations would never end.
 * @throws EngineError `InvalidModel` that names the first bad entry's row and column
 */
export function requireFinite({ rows, columns, data }: Matrix, what: string): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const where = `row ${Math.floor(at / columns)}, column ${at % columns}`;
  throw new EngineError('InvalidModel', `${what} [${rows}, ${columns}] holds NaN or Inf (${where})`);
}
