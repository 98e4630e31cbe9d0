import { EngineError } from '../errors';
import type { ConvPair } from '../onnx/rewrites/split-conv';
import { floats, type FloatTensor, type Tensor } from '../tensor/tensor';
import { matrixOf, type Svd, type SvdBackend } from './matrix';

/**
 * Spatial SVD (Jaderberg et al. 2014, "Speeding up Convolutional Neural Networks with Low Rank Expansions"; AIMET):
 * a kernel W [N, M, kH, kW] as the matrix A[(m, h), (n, w)] of M·kH x N·kW. Keeping K singular values splits the
 * layer into K filters of kH x 1 and N filters of 1 x kW.
 */
export class SpatialSvd {
  constructor(
    /** The kernel's shape [N, M, kH, kW]. */
    readonly dims: readonly number[],
    readonly svd: Svd,
  ) {}

  /**
   * Decomposes a kernel; every rank is then a matter of taking columns.
   * @throws EngineError `InvalidModel` where it holds NaN or Inf, on which iterations would not end.
   */
  static of(weight: FloatTensor, backend: SvdBackend): SpatialSvd {
    if (!weight.data.every(Number.isFinite))
      throw new EngineError('InvalidModel', 'a weight to decompose holds NaN or Inf');
    const [n, m, h, w] = weight.dims;
    const matrix = matrixOf(m * h, n * w);
    eachWeight(
      weight.dims,
      (at, row, column) => (matrix.data[row * matrix.columns + column] = weight.data[at]),
    );
    return new SpatialSvd(weight.dims, backend.svd(matrix));
  }

  get maxRank(): number {
    return this.svd.s.length;
  }

  /** The two kernels of `rank`, the root of each singular value in either, so that their scales are alike. */
  pair(rank: number): ConvPair {
    const [n, m, h, w] = this.dims;
    const { u, s, v } = this.svd;
    const vertical = floats([rank, m, h, 1]);
    const horizontal = floats([n, rank, 1, w]);
    for (let k = 0; k < rank; k++) {
      const root = Math.sqrt(s[k]);
      for (let row = 0; row < m * h; row++)
        vertical.data[k * m * h + row] = u.data[row * u.columns + k] * root;
      for (let column = 0; column < n * w; column++) {
        const [filter, tap] = [Math.floor(column / w), column % w];
        horizontal.data[(filter * rank + k) * w + tap] = v.data[column * v.columns + k] * root;
      }
    }
    return { vertical, horizontal };
  }

  /** The kernel [N, M, kH, kW] that the pair of `rank` amounts to. */
  lowRank(rank: number): FloatTensor {
    const { u, s, v } = this.svd;
    const weight = floats(this.dims);
    eachWeight(this.dims, (at, row, column) => {
      let sum = 0;
      for (let k = 0; k < rank; k++)
        sum += u.data[row * u.columns + k] * s[k] * v.data[column * v.columns + k];
      weight.data[at] = sum;
    });
    return weight;
  }

  /** The factors as named tensors, and back. */
  toTensors(): Map<string, Tensor> {
    const { u, s, v } = this.svd;
    const matrix = ({ rows, columns, data }: typeof u): Tensor => ({
      type: 'float64',
      dims: [rows, columns],
      data,
    });
    return new Map([
      ['u', matrix(u)],
      ['s', { type: 'float64', dims: [s.length], data: s }],
      ['v', matrix(v)],
      ['dims', floats([4], [...this.dims])],
    ]);
  }

  static fromTensors(tensors: ReadonlyMap<string, Tensor>): SpatialSvd {
    const data = (name: string) => tensors.get(name)!.data as Float64Array<ArrayBuffer>;
    const matrix = (name: string) =>
      matrixOf(tensors.get(name)!.dims[0], tensors.get(name)!.dims[1], data(name));
    const dims = Array.from(tensors.get('dims')!.data as Float32Array);
    return new SpatialSvd(dims, { u: matrix('u'), s: data('s'), v: matrix('v') });
  }
}

/** Visits each weight of [N, M, kH, kW] with its row (m, h) and column (n, w) of the matrix. */
function eachWeight(dims: readonly number[], visit: (at: number, row: number, column: number) => void): void {
  const [n, m, h, w] = dims;
  let at = 0;
  for (let filter = 0; filter < n; filter++) {
    for (let channel = 0; channel < m; channel++) {
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) visit(at++, channel * h + y, filter * w + x);
      }
    }
  }
}

/** Sizes of a layer that decide what its split costs: kernel [N, M, kH, kW], output height and width, input width. */
export interface SplitSizes {
  readonly dims: readonly number[];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly betweenWidth: number;
}

/** MACs of the split layer an unit of rank: K·M·kH at every (output row, input column), N·K·kW at every output. */
export function macsPerRank({ dims: [n, m, h, w], outHeight, outWidth, betweenWidth }: SplitSizes): number {
  return m * h * outHeight * betweenWidth + n * w * outHeight * outWidth;
}
