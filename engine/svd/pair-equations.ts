import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf, transposed } from '../linalg/matrix';
import type { NormalEquations } from '../reconstruction/least-squares';

/**
 * A layer in two: `first` [K, R] mixes the R rows of the weight's matrix into K channels, at each of T taps alike; `second`
 * [T·K, N] makes the N outputs of all taps, a tap's K rows after the other's.
 */
export interface Halves {
  readonly first: Matrix;
  readonly second: Matrix;
}

/** Conjugate gradient steps for the first half: more gain nothing measurable (docs/decomposition.md). */
const steps = 10;

/**
 * The normal equations of a layer y ≈ W·x + b, solved for a W of two halves: y ≈ Σ_t second_tᵀ·first·x_t + b, where x_t is
 * what the layer sees at tap t of the second half. For either half alone this is linear least squares, for which the sums
 * G = Σ x·xᵀ and R = Σ x·yᵀ are all that need be known of the samples (Zhang et al. 2015, "Accelerating Very Deep
 * Convolutional Networks for Classification and Detection", reconstruct responses in the same spirit). Centring the sums
 * eliminates the bias.
 */
export class PairEquations {
  /** For each tap t, G's columns (t, r) as [T·R, R]: rows are (tap, row of the matrix). */
  private readonly gram: readonly Matrix[];
  /** R as [T·N, R], and the transposed. */
  private readonly right: Matrix;
  private readonly rightTurned: Matrix;
  private readonly meanX: Float64Array;
  private readonly meanY: Float64Array;
  private readonly taps: number;

  /**
   * @param sums of samples whose x is ordered (row of the matrix, tap), all of them summed
   * @param rows R of the weight's matrix
   * @param biased whether there is a bias to fit
   */
  constructor(
    { gram, right, unknowns, outputs }: Pick<NormalEquations, 'gram' | 'right' | 'unknowns' | 'outputs'>,
    private readonly rows: number,
    private readonly biased: boolean,
    private readonly algebra: LinearAlgebra,
  ) {
    const size = unknowns + 1;
    const taps = (this.taps = unknowns / rows);
    const samples = biased ? gram[size * size - 1] : 1;
    const last = unknowns * size;
    const meanX = (this.meanX = Float64Array.from({ length: unknowns }, (_, i) =>
      biased ? gram[last + i] / samples : 0,
    ));
    const meanY = (this.meanY = Float64Array.from({ length: outputs }, (_, k) =>
      biased ? right[unknowns * outputs + k] / samples : 0,
    ));
    this.gram = Array.from({ length: taps }, (_, tap) => {
      const block = matrixOf(unknowns, rows);
      let at = 0;
      for (let t = 0; t < taps; t++)
        for (let r = 0; r < rows; r++) {
          const i = r * taps + t;
          for (let q = 0; q < rows; q++) {
            const j = q * taps + tap;
            block.data[at++] = gram[i * size + j] - samples * meanX[i] * meanX[j];
          }
        }
      return block;
    });
    this.right = matrixOf(taps * outputs, rows);
    for (let t = 0; t < taps; t++)
      for (let k = 0; k < outputs; k++)
        for (let r = 0; r < rows; r++) {
          const i = r * taps + t;
          this.right.data[(t * outputs + k) * rows + r] =
            right[i * outputs + k] - samples * meanX[i] * meanY[k];
        }
    this.rightTurned = transposed(this.right);
  }

  /**
   * Solves for the best second half for a first one. As in `NormalEquations.solve`, a ridge of 1e-6 of the mean diagonal
   * pulls towards the given second half, so the result is never worse on the samples.
   */
  async second({ first, second: prior }: Halves): Promise<Halves> {
    const { algebra, taps, right } = this;
    const rank = first.rows;
    const outputs = prior.columns;
    const [through, made] = await Promise.all([this.through(first), algebra.timesTransposed(right, first)]);
    const spd = matrixOf(
      taps * rank,
      taps * rank,
      (await algebra.timesTransposed(through, first)).data, // rows (tap, channel, tap'), columns channel'
    );
    const size = spd.rows;
    let trace = 0;
    for (let i = 0; i < size; i++) trace += spd.data[i * size + i];
    const ridge = (1e-6 * trace) / size || 1e-12;
    const rhs = matrixOf(size, outputs);
    for (let t = 0; t < taps; t++)
      for (let j = 0; j < rank; j++) {
        const row = t * rank + j;
        spd.data[row * size + row] += ridge;
        for (let k = 0; k < outputs; k++)
          rhs.data[row * outputs + k] =
            made.data[(t * outputs + k) * rank + j] + ridge * prior.data[row * outputs + k];
      }
    return { first, second: await algebra.solve(spd, rhs) };
  }

  /**
   * Finds a better first half for a second one, by conjugate gradients from the given one: each step lowers the squared
   * error, and what the samples do not show is kept.
   */
  async first({ first, second }: Halves): Promise<Halves> {
    const { algebra, taps } = this;
    const rank = first.rows;
    const outputs = second.columns;
    const products = await algebra.timesTransposed(second, second); // [(tap, channel), (tap', channel')]
    const mixing = matrixOf(rank, taps * rank * taps); // columns (tap', channel', tap)
    const turned = matrixOf(rank, taps * outputs);
    for (let j = 0; j < rank; j++)
      for (let t = 0; t < taps; t++) {
        const row = t * rank + j;
        for (let other = 0; other < taps * rank; other++)
          mixing.data[j * mixing.columns + other * taps + t] = products.data[row * products.columns + other];
        for (let k = 0; k < outputs; k++)
          turned.data[j * turned.columns + t * outputs + k] = second.data[row * outputs + k];
      }
    const apply = async (x: Matrix) =>
      (await algebra.timesTransposed(mixing, transposed(await this.through(x)))).data;
    const wanted = (await algebra.timesTransposed(turned, this.rightTurned)).data;
    const found = matrixOf(first.rows, first.columns, first.data.slice());
    const now = await apply(found);
    const residual = wanted.map((value, at) => value - now[at]);
    const way = matrixOf(first.rows, first.columns, residual.slice());
    const begun = dot(residual, residual);
    let left = begun;
    for (let step = 0; step < steps && left > 1e-20 * dot(wanted, wanted) && left > 1e-12 * begun; step++) {
      const bent = await apply(way);
      const curvature = dot(way.data, bent);
      if (!(curvature > 0)) break; // a direction that the samples do not show
      const length = left / curvature;
      for (let at = 0; at < residual.length; at++) {
        found.data[at] += length * way.data[at];
        residual[at] -= length * bent[at];
      }
      const next = dot(residual, residual);
      for (let at = 0; at < residual.length; at++) way.data[at] = residual[at] + (next / left) * way.data[at];
      left = next;
    }
    return { first: found, second };
  }

  /** The bias [N] that goes with the weight [N, T·R], columns (row of the matrix, tap); undefined if there is none. */
  bias(weight: Matrix): Float64Array | undefined {
    if (!this.biased) return undefined;
    return this.meanY.map((mean, k) => {
      let value = mean;
      for (let i = 0; i < weight.columns; i++) value -= weight.data[k * weight.columns + i] * this.meanX[i];
      return value;
    });
  }

  /** first·G for each tap of it, as rows (tap, channel, tap') of R numbers. */
  private async through(first: Matrix): Promise<Matrix> {
    const all = matrixOf(this.taps * first.rows * this.taps, this.rows);
    const each = await Promise.all(this.gram.map((block) => this.algebra.timesTransposed(first, block)));
    each.forEach(({ data }, tap) => all.data.set(data, tap * data.length));
    return all;
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += a[at] * b[at];
  return sum;
}
