import {
  CholeskyDecomposition,
  EigenvalueDecomposition,
  Matrix as MlMatrix,
  SingularValueDecomposition,
} from 'ml-matrix';

import { lq } from './householder';
import type { LinearAlgebra } from './linear-algebra';
import { type Matrix, matrixOf, type Svd, timesTransposed, transposed } from './matrix';
import { type Factorize, solveWithRidge } from './ridge';

/** Ratio of its sides from which on it is cheaper to reduce a matrix to a square one before iterating. */
const rectangular = 1.5;

/** Back end over ml-matrix (Golub-Kahan in JavaScript), available everywhere. Its calls block their thread. */
export const mlMatrix: LinearAlgebra = {
  name: 'ml-matrix',
  describe: () => 'ml-matrix (JavaScript; slow on large layers)',
  async svd(matrix) {
    return decompose(matrix);
  },
  async eigh(symmetric) {
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(full(symmetric), {
      assumeSymmetric: true,
    });
    const order = realEigenvalues.map((_, at) => at).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
    const vectors = matrixOf(symmetric.rows, symmetric.rows);
    order.forEach((from, to) => {
      for (let row = 0; row < symmetric.rows; row++)
        vectors.data[row * symmetric.rows + to] = eigenvectorMatrix.get(row, from);
    });
    return { values: Float64Array.from(order, (at) => realEigenvalues[at]), vectors };
  },
  solve: (spd, rhs) => solveWithRidge(factorize, spd, rhs),
  timesTransposed: async (a, b, depth) => timesTransposed(a, b, depth),
};

function decompose(matrix: Matrix): Svd {
  if (matrix.rows > matrix.columns) {
    const { u, s, v } = decompose(transposed(matrix));
    return { u: v, s, v: u };
  }
  if (matrix.columns >= rectangular * matrix.rows) {
    const { l, q } = lq(matrix);
    const { u, s, v } = decompose(l);
    return { u, s, v: timesTransposed(transposed(q), transposed(v)) };
  }
  const { leftSingularVectors, rightSingularVectors, diagonal } = new SingularValueDecomposition(
    toMl(matrix),
    { autoTranspose: true },
  );
  const rank = matrix.rows;
  return {
    u: fromMl(leftSingularVectors, rank),
    s: Float64Array.from(diagonal.slice(0, rank)),
    v: fromMl(rightSingularVectors, rank),
  };
}

const factorize: Factorize = async (spd) => {
  const cholesky = new CholeskyDecomposition(toMl(spd));
  return {
    diagonal: cholesky.isPositiveDefinite()
      ? Float64Array.from(cholesky.lowerTriangularMatrix.diagonal())
      : undefined,
    solve: async (rhs) => fromMl(cholesky.solve(toMl(rhs)), rhs.columns),
  };
};

const toMl = ({ rows, columns, data }: Matrix): MlMatrix =>
  new MlMatrix(Array.from({ length: rows }, (_, row) => data.subarray(row * columns, (row + 1) * columns)));

/** Fills in a symmetric matrix from its upper triangle. */
const full = ({ rows: n, data }: Matrix): MlMatrix =>
  new MlMatrix(
    Array.from({ length: n }, (_, i) =>
      Float64Array.from({ length: n }, (__, j) => data[Math.min(i, j) * n + Math.max(i, j)]),
    ),
  );

function fromMl(matrix: MlMatrix, columns: number): Matrix {
  const out = matrixOf(matrix.rows, columns);
  for (let row = 0; row < matrix.rows; row++) {
    for (let column = 0; column < columns; column++)
      out.data[row * columns + column] = matrix.get(row, column);
  }
  return out;
}
