/** A dense row-major matrix in float64, the precision of all decompositions. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array<ArrayBuffer>;
}

/** A = U·diag(S)·Vᵀ with U [rows, r], S [r] in descending order, V [columns, r]; r = min(rows, columns). */
export interface Svd {
  readonly u: Matrix;
  readonly s: Float64Array<ArrayBuffer>;
  readonly v: Matrix;
}

/** A library that decomposes matrices. */
export interface SvdBackend {
  readonly name: string;
  svd(matrix: Matrix): Svd;
}

export const matrixOf = (
  rows: number,
  columns: number,
  data: Float64Array<ArrayBuffer> = new Float64Array(rows * columns),
): Matrix => ({
  rows,
  columns,
  data,
});
