import { describeLinearAlgebra, linearAlgebra } from '../../engine/linalg/choose';
import type { LinearAlgebra } from '../../engine/linalg/linear-algebra';
import { type Matrix, matrixOf, type Svd, transposed } from '../../engine/linalg/matrix';
import { Random } from '../../engine/data/random';

const { backends } = describeLinearAlgebra();

/** Every linear algebra library that this machine has, with one thread: ml-matrix at least. */
export const present: readonly LinearAlgebra[] = backends
  .filter(({ available }) => available)
  .map(({ name }) => linearAlgebra({ backend: name, threads: 1 }));

/** The libraries that it has not, each with the reason, so that a test can say what it could not try. */
export const absent = backends.filter(({ available }) => !available);

/** Evenly distributed values in -1..1. */
export function randomMatrix(rows: number, columns: number, seed: number): Matrix {
  const random = new Random(seed);
  return matrixOf(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => 2 * random.next() - 1),
  );
}

/** A·B. */
export function times(a: Matrix, b: Matrix): Matrix {
  const out = matrixOf(a.rows, b.columns);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.columns; k++) {
      const x = a.data[i * a.columns + k];
      for (let j = 0; j < b.columns; j++) out.data[i * b.columns + j] += x * b.data[k * b.columns + j];
    }
  }
  return out;
}

/** U·diag(S)·Vᵀ. */
export function rebuilt({ u, s, v }: Svd): Matrix {
  const scaled = u.data.map((value, at) => value * s[at % u.columns]);
  return times(matrixOf(u.rows, u.columns, scaled), transposed(v));
}

/** The largest difference of two matrices, relative to the largest value of the second. */
export function farthest(a: Matrix, b: Matrix): number {
  expect([a.rows, a.columns]).toEqual([b.rows, b.columns]);
  const largest = b.data.reduce((most, value) => Math.max(most, Math.abs(value)), Number.MIN_VALUE);
  return a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]) / largest), 0);
}

/** Returns how far the columns of a matrix are from orthonormal. */
export function skewness(a: Matrix): number {
  let worst = 0;
  for (let p = 0; p < a.columns; p++) {
    for (let q = p; q < a.columns; q++) {
      let dot = 0;
      for (let row = 0; row < a.rows; row++) dot += a.data[row * a.columns + p] * a.data[row * a.columns + q];
      worst = Math.max(worst, Math.abs(dot - (p === q ? 1 : 0)));
    }
  }
  return worst;
}
