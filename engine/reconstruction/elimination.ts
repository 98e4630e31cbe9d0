import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf, transposed } from '../linalg/matrix';
import type { NormalEquations } from './least-squares';

/**
 * A least-squares fit that unknowns leave one set after another, those that stay being refitted each time: backward
 * elimination by the inverse of the normal equations, which is down-dated rather than computed again (Hassibi and Stork
 * 1993, "Optimal Brain Surgeon"; for sets of unknowns Frantar and Alistarh 2022, "Optimal Brain Compression").
 */
export class Elimination {
  private constructor(
    private readonly algebra: LinearAlgebra,
    /** (Σ z·zᵀ)⁻¹ of what is left [unknowns, unknowns]; zeros for unknowns that left. */
    private inverse: Matrix,
    /** The fit's weights [unknowns, outputs]; zeros for unknowns that left. */
    private weights: Matrix,
    /** Sum over the samples of the outputs' squared distance from their mean. */
    readonly spread: number,
  ) {}

  /**
   * Begins with all unknowns.
   * @param prior the layer's own weights [outputs, unknowns], which keep unknowns that the samples say nothing about
   * @param biased the fit has a bias, which never leaves
   * @throws EngineError `InvalidModel` for equations that no ridge makes solvable
   */
  static async of(
    system: NormalEquations,
    algebra: LinearAlgebra,
    { prior, biased }: { readonly prior: Float64Array; readonly biased: boolean },
  ): Promise<Elimination> {
    const all = Array.from({ length: system.unknowns }, (_, at) => at);
    const { spd, rhs } = await system.equations(all, { prior, biased });
    const inverse = await algebra.solve(spd, identity(spd.rows));
    const weights = await algebra.solve(spd, rhs);
    return new Elimination(algebra, inverse, weights, spreadOf(weights, rhs, biased ? system.samples : 0));
  }

  /**
   * Returns by how much the squared error over the samples grows if `unknowns` leave and the others are refitted:
   * tr(W_sᵀ·((H⁻¹)_ss)⁻¹·W_s). They must not have left before.
   */
  loss(unknowns: readonly number[]): number {
    const { columns: outputs, data } = this.weights;
    const size = unknowns.length;
    const factor = cholesky(this.block(unknowns));
    let loss = 0;
    const solved = new Float64Array(size);
    for (let k = 0; k < outputs; k++)
      for (let row = 0; row < size; row++) {
        let value = data[unknowns[row] * outputs + k];
        for (let j = 0; j < row; j++) value -= factor[row * size + j] * solved[j];
        solved[row] = value / factor[row * size + row];
        loss += solved[row] ** 2;
      }
    return loss;
  }

  /** Takes `unknowns` out of the fit, and refits those that are left. */
  async remove(unknowns: readonly number[]): Promise<void> {
    const { inverse, weights, algebra } = this;
    const block = matrixOf(unknowns.length, unknowns.length, this.block(unknowns));
    const rows = rowsOf(inverse, unknowns);
    const [byInverse, byWeights] = await Promise.all([
      algebra.solve(block, rows),
      algebra.solve(block, rowsOf(weights, unknowns)),
    ]);
    const columns = transposed(rows);
    const [fromInverse, fromWeights] = await Promise.all([
      algebra.timesTransposed(columns, transposed(byInverse)),
      algebra.timesTransposed(columns, transposed(byWeights)),
    ]);
    this.inverse = less(inverse, fromInverse);
    this.weights = less(weights, fromWeights);
    // Rounding leaves crumbs, which would count as weights again.
    for (const at of unknowns) {
      this.weights.data.fill(0, at * weights.columns, (at + 1) * weights.columns);
      this.inverse.data.fill(0, at * inverse.columns, (at + 1) * inverse.columns);
      for (let row = 0; row < inverse.rows; row++) this.inverse.data[row * inverse.columns + at] = 0;
    }
  }

  /** Copies the entries of the inverse at some unknowns [n, n]. */
  private block(unknowns: readonly number[]): Float64Array<ArrayBuffer> {
    const { columns, data } = this.inverse;
    const size = unknowns.length;
    const block = new Float64Array(size * size);
    unknowns.forEach((from, row) =>
      unknowns.forEach((to, column) => (block[row * size + column] = data[from * columns + to])),
    );
    return block;
  }
}

function identity(size: number): Matrix {
  const matrix = matrixOf(size, size);
  for (let at = 0; at < size; at++) matrix.data[at * size + at] = 1;
  return matrix;
}

/** Computes Σ ‖y − ȳ‖² of what the fit computes, from its weights and right-hand sides. */
function spreadOf(weights: Matrix, rhs: Matrix, samples: number): number {
  const explained = weights.data.reduce((sum, weight, at) => sum + weight * rhs.data[at], 0);
  if (!samples) return explained;
  const sums = rhs.data.subarray(rhs.data.length - rhs.columns);
  return explained - sums.reduce((all, sum) => all + sum ** 2 / samples, 0);
}

/** Factorizes a symmetric positive matrix [n, n] in row-major order; a pivot that rounding made negative counts as tiny. */
function cholesky(matrix: Float64Array): Float64Array {
  const size = Math.sqrt(matrix.length);
  const factor = new Float64Array(matrix.length);
  for (let row = 0; row < size; row++)
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * size + column];
      for (let k = 0; k < column; k++) sum -= factor[row * size + k] * factor[column * size + k];
      factor[row * size + column] =
        row === column
          ? Math.sqrt(Math.max(sum, Number.EPSILON * matrix[row * size + row], Number.MIN_VALUE))
          : sum / factor[column * size + column];
    }
  return factor;
}

const rowsOf = ({ columns, data }: Matrix, rows: readonly number[]): Matrix => {
  const out = matrixOf(rows.length, columns);
  rows.forEach((row, at) => out.data.set(data.subarray(row * columns, (row + 1) * columns), at * columns));
  return out;
};

const less = ({ rows, columns, data }: Matrix, other: Matrix): Matrix =>
  matrixOf(
    rows,
    columns,
    data.map((value, at) => value - other.data[at]),
  );
