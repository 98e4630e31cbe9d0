import { CholeskyDecomposition, Matrix as MlMatrix } from 'ml-matrix';

/** A dense row-major matrix in float64. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array<ArrayBuffer>;
}

/** Solves A·X = B for a symmetric positive definite A [n, n] and B [n, k]; does not change them. */
export type Solver = (spd: Matrix, rhs: Matrix) => Promise<Matrix>;

/** y ≈ W·x + b: weights [outputs, unknowns], bias [outputs]. */
export interface Fit {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/**
 * Running normal equations of a least-squares fit y ≈ W·x + b in float64: with z = (x, 1), the sums G = Σ z·zᵀ and
 * R = Σ z·yᵀ. Samples stream through; any subset of the unknowns can be solved for afterwards without seeing them
 * again, which is what trying many prunings of one layer needs.
 */
export class NormalEquations {
  readonly gram: Float64Array;
  readonly right: Float64Array;
  private readonly size: number;
  samples = 0;

  /** @param unknowns entries of x; @param outputs entries of y */
  constructor(
    readonly unknowns: number,
    readonly outputs: number,
  ) {
    this.size = unknowns + 1;
    this.gram = new Float64Array(this.size * this.size);
    this.right = new Float64Array(this.size * outputs);
  }

  /** Adds a sample. */
  add(x: ArrayLike<number>, y: ArrayLike<number>): void {
    const { size, outputs, gram, right, unknowns } = this;
    for (let i = 0; i < size; i++) {
      const xi = i < unknowns ? x[i] : 1;
      if (xi === 0) continue; // activations behind a ReLU are zero half the time
      const row = i * size;
      for (let j = i; j < unknowns; j++) gram[row + j] += xi * x[j];
      gram[row + unknowns] += xi;
      const out = i * outputs;
      for (let k = 0; k < outputs; k++) right[out + k] += xi * y[k];
    }
    this.samples++;
  }

  /**
   * Fits y from the unknowns `keep` and a bias. A ridge of 1e-6 of the mean diagonal keeps the equations solvable
   * where inputs are dependent (dead channels) or the samples fewer than the unknowns. It draws towards `prior`
   * [outputs, keep.length], or to zero: the fit is then never worse on its samples than those weights, and where the
   * samples say nothing they stay.
   * @param biased whether a bias is fitted as well; the result's is zeros otherwise
   * @returns weights [outputs, keep.length] and bias [outputs].
   */
  async solve(
    keep: readonly number[],
    {
      prior,
      solver = cholesky,
      biased = true,
    }: { prior?: Float64Array; solver?: Solver; biased?: boolean } = {},
  ): Promise<Fit> {
    const { spd, rhs } = this.system(keep, biased, prior);
    return this.fitOf(await solver(spd, rhs), keep.length, biased);
  }

  /** The equations of the unknowns `keep`, and of the bias as the last one. */
  private system(
    keep: readonly number[],
    biased: boolean,
    prior?: Float64Array,
  ): { spd: Matrix; rhs: Matrix } {
    const { size, outputs, gram, right, unknowns } = this;
    const at = biased ? [...keep, unknowns] : keep;
    // The bias's own entry is the number of samples and would drown activations that are small.
    const trace = keep.reduce((sum, i) => sum + gram[i * size + i], 0);
    const ridge = 1e-6 * (trace / keep.length) || 1e-12;
    const spd = new Float64Array(at.length * at.length);
    const rhs = new Float64Array(at.length * outputs);
    at.forEach((i, row) => {
      at.forEach((j, column) => {
        spd[row * at.length + column] = i <= j ? gram[i * size + j] : gram[j * size + i];
      });
      rhs.set(right.subarray(i * outputs, (i + 1) * outputs), row * outputs);
      if (i === unknowns) return;
      spd[row * at.length + row] += ridge;
      for (let k = 0; prior && k < outputs; k++)
        rhs[row * outputs + k] += ridge * prior[k * keep.length + row];
    });
    return {
      spd: { rows: at.length, columns: at.length, data: spd },
      rhs: { rows: at.length, columns: outputs, data: rhs },
    };
  }

  private fitOf({ data }: Matrix, kept: number, biased: boolean): Fit {
    const { outputs } = this;
    const weights = new Float64Array(outputs * kept);
    for (let k = 0; k < outputs; k++)
      for (let column = 0; column < kept; column++) weights[k * kept + column] = data[column * outputs + k];
    return { weights, bias: biased ? data.slice(kept * outputs) : new Float64Array(outputs) };
  }
}

/** Cholesky in JavaScript, which is always there. */
export const cholesky: Solver = async (spd, rhs) => {
  const rowsOf = ({ rows, columns, data }: Matrix) =>
    new MlMatrix(
      Array.from({ length: rows }, (_, row) => [...data.subarray(row * columns, (row + 1) * columns)]),
    );
  const solution = new CholeskyDecomposition(rowsOf(spd)).solve(rowsOf(rhs));
  return { ...rhs, data: Float64Array.from(solution.to1DArray()) };
};
