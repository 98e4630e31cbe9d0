import { Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix';

import { type Matrix, matrixOf, type SvdBackend } from './matrix';

/** ml-matrix (Golub-Kahan in JavaScript): the back end that is always there. */
export const mlMatrix: SvdBackend = {
  name: 'ml-matrix',
  svd(matrix) {
    const rows = Array.from({ length: matrix.rows }, (_, row) =>
      matrix.data.subarray(row * matrix.columns, (row + 1) * matrix.columns),
    );
    const { leftSingularVectors, rightSingularVectors, diagonal } = new SingularValueDecomposition(
      new MlMatrix(rows),
      { autoTranspose: true },
    );
    const rank = Math.min(matrix.rows, matrix.columns);
    return {
      u: flat(leftSingularVectors, rank),
      s: Float64Array.from(diagonal.slice(0, rank)),
      v: flat(rightSingularVectors, rank),
    };
  },
};

function flat(matrix: MlMatrix, columns: number): Matrix {
  const out = matrixOf(matrix.rows, columns);
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < columns; column++)
      out.data[row * columns + column] = matrix.get(row, column);
  }
  return out;
}
