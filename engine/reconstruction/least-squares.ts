import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf } from '../linalg/matrix';

/** Samples collected before they are summed, since libraries are fast at products of matrices. */
const block = 512;

/** y ≈ W·x + b: weights [outputs, unknowns], bias [outputs]. */
export interface Fit {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/**
 * Running normal equations of a least-squares fit y ≈ W·x + b in float64: with z = (x, 1), the sums G = Σ z·zᵀ and R =
 * Σ z·yᵀ. Samples stream through; afterwards any subset of the unknowns can be solved for without seeing them again,
 * which is what trying many prunings of one layer needs.
 */
export class NormalEquations {
  readonly gram: Float64Array;
  readonly right: Float64Array;
  private readonly size: number;
  /** Samples not summed yet, one per column: z and y. */
  private readonly z: Matrix;
  private readonly y: Matrix;
  private pending = 0;
  samples = 0;

  /**
   * @param unknowns entries of x
   * @param outputs entries of y
   */
  constructor(
    readonly unknowns: number,
    readonly outputs: number,
    private readonly algebra: LinearAlgebra,
  ) {
    this.size = unknowns + 1;
    this.gram = new Float64Array(this.size * this.size);
    this.right = new Float64Array(this.size * outputs);
    this.z = matrixOf(this.size, block);
    this.y = matrixOf(outputs, block);
  }

  /** True if `sum` must be called before another sample is added. */
  get isFull(): boolean {
    return this.pending === block;
  }

  /** Adds a sample. */
  add(x: ArrayLike<number>, y: ArrayLike<number>): void {
    if (this.isFull) throw new RangeError('sum the pending samples before adding more');
    const { z, y: right, unknowns, outputs, pending: at } = this;
    for (let i = 0; i < unknowns; i++) z.data[i * block + at] = x[i];
    z.data[unknowns * block + at] = 1;
    for (let k = 0; k < outputs; k++) right.data[k * block + at] = y[k];
    this.pending++;
    this.samples++;
  }

  /** Adds the collected samples to the equations. */
  async sum(): Promise<void> {
    if (!this.pending) return;
    const [gram, right] = await Promise.all([
      this.algebra.timesTransposed(this.z, this.z),
      this.algebra.timesTransposed(this.z, this.y),
    ]);
    for (let i = 0; i < this.gram.length; i++) this.gram[i] += gram.data[i];
    for (let i = 0; i < this.right.length; i++) this.right[i] += right.data[i];
    this.z.data.fill(0); // columns of an unfinished block must not count again
    this.y.data.fill(0);
    this.pending = 0;
  }

  /** True if all that was summed is finite: a NaN or infinity among the inputs shows on the diagonal, one of the targets in `right`. */
  get isFinite(): boolean {
    const { gram, right, size } = this;
    for (let at = 0; at < gram.length; at += size + 1) if (!Number.isFinite(gram[at])) return false;
    return right.every(Number.isFinite);
  }

  /**
   * Fits y from the unknowns `keep` and a bias. A ridge of 1e-6 of the mean diagonal keeps the equations solvable if
   * inputs are dependent (dead channels) or there are fewer samples than unknowns. It pulls towards `prior` [outputs,
   * keep.length], or zero: on its samples the fit is then never worse than those weights, and they stay where the
   * samples say nothing.
   * @param biased fits a bias too; otherwise the result's bias is zeros
   * @returns weights [outputs, keep.length] and bias [outputs]
   */
  async solve(
    keep: readonly number[],
    { prior, biased = true }: { prior?: Float64Array; biased?: boolean } = {},
  ): Promise<Fit> {
    const { spd, rhs } = await this.equations(keep, { biased, prior });
    return this.fitOf(await this.algebra.solve(spd, rhs), keep.length, biased);
  }

  /** Builds the equations that `solve` solves, with the bias as the last unknown. */
  async equations(
    keep: readonly number[],
    { prior, biased }: { readonly prior?: Float64Array; readonly biased: boolean },
  ): Promise<{ spd: Matrix; rhs: Matrix }> {
    await this.sum();
    const { size, outputs, gram, right, unknowns } = this;
    const at = biased ? [...keep, unknowns] : keep;
    // The bias's own entry is the number of samples, which would dwarf small activations.
    const trace = keep.reduce((sum, i) => sum + gram[i * size + i], 0);
    const ridge = 1e-6 * (trace / keep.length) || 1e-12;
    const spd = new Float64Array(at.length * at.length);
    const rhs = new Float64Array(at.length * outputs);
    at.forEach((i, row) => {
      at.forEach((j, column) => {
        spd[row * at.length + column] = gram[i * size + j];
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
