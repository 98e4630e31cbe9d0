import { CholeskyDecomposition, Matrix as MlMatrix } from 'ml-matrix';

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
   * where inputs are dependent (dead channels) or the samples fewer than the unknowns.
   * @returns weights [outputs, keep.length] and bias [outputs].
   */
  solve(keep: readonly number[]): { weights: Float64Array; bias: Float64Array } {
    const { size, outputs, gram, right, unknowns } = this;
    const at = [...keep, unknowns];
    const upper = (i: number, j: number) => (i <= j ? gram[i * size + j] : gram[j * size + i]);
    // The bias's own entry is the number of samples and would drown activations that are small.
    const trace = keep.reduce((sum, i) => sum + gram[i * size + i], 0);
    const ridge = 1e-6 * (trace / keep.length) || 1e-12;
    const matrix = new MlMatrix(
      at.map((i, row) => at.map((j, column) => upper(i, j) + (row === column && i !== unknowns ? ridge : 0))),
    );
    const rights = new MlMatrix(at.map((i) => Array.from(right.subarray(i * outputs, (i + 1) * outputs))));
    const solution = new CholeskyDecomposition(matrix).solve(rights);
    const weights = new Float64Array(outputs * keep.length);
    for (let k = 0; k < outputs; k++)
      keep.forEach((_, column) => (weights[k * keep.length + column] = solution.get(column, k)));
    return { weights, bias: Float64Array.from({ length: outputs }, (_, k) => solution.get(keep.length, k)) };
  }
}
