import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf, transposed } from '../linalg/matrix';
import type { LayerFit, Refitted } from '../reconstruction/layer-fit';
import { type Site, weightOf } from '../reconstruction/sites';
import { floats } from '../tensor/tensor';
import type { Factors } from './low-rank';
import { type Halves, PairEquations } from './pair-equations';

/** A split layer's factors, and the weight and bias of the original's shapes that they amount to. */
export interface RefittedPair extends Refitted {
  readonly factors: Factors;
}

/**
 * A layer that is split in two, fitted to what it should compute: once its samples have been seen, the pair of any rank
 * follows. The fit starts at the halves of the singular value decomposition; then the second half is fitted, the first half
 * to it, and the second again.
 */
export class PairFit {
  private constructor(
    private readonly site: Site,
    private readonly equations: PairEquations,
    private readonly rows: number,
    private readonly algebra: LinearAlgebra,
  ) {}

  /** @param rows of the matrix that the layer's weight is decomposed as */
  static async of(
    { site, systems: [sums] }: LayerFit,
    rows: number,
    algebra: LinearAlgebra,
  ): Promise<PairFit> {
    await sums.sum();
    return new PairFit(site, new PairEquations(sums, rows, site.bias !== undefined, algebra), rows, algebra);
  }

  /** @param start factors of the wanted rank, which the ridge pulls towards */
  async refit(start: Factors): Promise<RefittedPair> {
    const { equations } = this;
    let halves = await this.orthonormal(this.halvesOf(start));
    halves = await equations.second(halves);
    halves = await this.orthonormal(await equations.first(halves));
    halves = balanced(await equations.second(halves));
    return this.pairOf(halves);
  }

  private halvesOf({ input, output }: Factors): Halves {
    const { rows } = this;
    const rank = input.length / rows;
    const first = transposed(matrixOf(rows, rank, Float64Array.from(input)));
    const { outputs } = this.site;
    const columns = output.length / rank; // (output, tap)
    const taps = columns / outputs;
    const second = matrixOf(taps * rank, outputs);
    for (let j = 0; j < rank; j++)
      for (let k = 0; k < outputs; k++)
        for (let t = 0; t < taps; t++)
          second.data[(t * rank + j) * outputs + k] = output[j * columns + k * taps + t];
    return { first, second };
  }

  /** The same product of halves, the first with orthonormal rows, so that one ridge suits all channels. */
  private async orthonormal({ first, second }: Halves): Promise<Halves> {
    const { u, s, v } = await this.algebra.svd(first);
    const rank = first.rows;
    const outputs = second.columns;
    const turned = matrixOf(second.rows, outputs);
    for (let from = 0; from < second.rows; from += rank)
      for (let j = 0; j < rank; j++)
        for (let i = 0; i < rank; i++) {
          const share = u.data[i * rank + j] * s[j];
          for (let k = 0; k < outputs; k++)
            turned.data[(from + j) * outputs + k] += share * second.data[(from + i) * outputs + k];
        }
    return { first: transposed(v), second: turned };
  }

  /** Factors in float32, and what exactly these amount to. */
  private async pairOf({ first, second }: Halves): Promise<RefittedPair> {
    const { rows, site } = this;
    const rank = first.rows;
    const outputs = second.columns;
    const taps = second.rows / rank;
    const input = Float32Array.from(transposed(first).data);
    const output = new Float32Array(second.data.length);
    const rounded = matrixOf(taps * outputs, rank);
    for (let t = 0; t < taps; t++)
      for (let j = 0; j < rank; j++)
        for (let k = 0; k < outputs; k++) {
          const at = j * outputs * taps + k * taps + t;
          output[at] = second.data[(t * rank + j) * outputs + k];
          rounded.data[(t * outputs + k) * rank + j] = output[at];
        }
    const product = await this.algebra.timesTransposed(
      rounded,
      matrixOf(rows, rank, Float64Array.from(input)),
    );
    const weight = matrixOf(outputs, rows * taps);
    for (let t = 0; t < taps; t++)
      for (let k = 0; k < outputs; k++)
        for (let r = 0; r < rows; r++)
          weight.data[k * weight.columns + r * taps + t] = product.data[(t * outputs + k) * rows + r];
    const bias = this.equations.bias(weight);
    return {
      factors: { input, output },
      weight: weightOf([weight.data], site),
      bias: bias && floats([outputs], bias),
    };
  }
}

/** The same product, each channel's weights of one length in both halves, so that neither loses more to rounding. */
function balanced({ first, second }: Halves): Halves {
  const rank = first.rows;
  const lengths = new Float64Array(rank);
  second.data.forEach((value, at) => (lengths[Math.floor(at / second.columns) % rank] += value * value));
  const scale = lengths.map((squared) => squared ** 0.25 || 1); // the first half's are of length one
  const scaled = ({ rows, columns, data }: Matrix, by: (channel: number) => number) =>
    matrixOf(
      rows,
      columns,
      data.map((value, at) => value * by(Math.floor(at / columns) % rank)),
    );
  return {
    first: scaled(first, (channel) => scale[channel]),
    second: scaled(second, (channel) => 1 / scale[channel]),
  };
}
