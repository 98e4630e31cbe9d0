import { EngineError } from '../errors';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf, type Svd } from '../linalg/matrix';
import { floats, type FloatTensor, sizeOf, type Tensor } from '../tensor/tensor';

/**
 * View of a weight as a matrix: the axes that form its rows (the layer's input side) and its columns (the output side),
 * in order; the last axis of each runs fastest.
 */
export interface Matricization {
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** Two factors of rank k: `input` [rows, k] and `output` [k, columns], row-major. */
export interface Factors {
  readonly input: Float32Array;
  readonly output: Float32Array;
}

/** A weight decomposed as a matrix, for every rank. */
export interface LowRank {
  /** min(rows, columns) of the matrix. */
  readonly maxRank: number;
  /** Descending. */
  readonly singularValues: Float64Array;
  /** Computes the factors of `rank`, each with the root of every singular value, so that their scales are alike. */
  factors(rank: number, library: LinearAlgebra): Promise<Factors>;
  /** Computes the product of the factors of `rank`, in the weight's own shape. */
  weight(rank: number, library: LinearAlgebra): Promise<FloatTensor>;
  /** For a weight too large to be rewritten for every rank: returns projections that reduce the layer's rank. */
  projector?(library: LinearAlgebra): Projector;
  /** Returns the tensors that it is stored as between jobs, by name. */
  toTensors(): Map<string, Tensor>;
}

/** Projections next to a layer that make it compute as if its weight had a given rank. */
export interface Projector {
  /** Side that is projected, inputs or outputs, and its width. */
  readonly side: 'input' | 'output';
  readonly size: number;
  /** Computes P = U_k·U_kᵀ [size, size], symmetric, from the matrix's singular vectors on that side. */
  at(rank: number): Promise<FloatTensor>;
}

/** U, S and V of a weight: a rank is then a choice of columns. */
export class WholeSvd implements LowRank {
  constructor(
    /** The weight's shape. */
    readonly dims: readonly number[],
    readonly axes: Matricization,
    readonly svd: Svd,
  ) {}

  /** @throws EngineError `InvalidModel` if the weight holds NaN or Inf, on which iterations would not end */
  static async of(weight: FloatTensor, axes: Matricization, library: LinearAlgebra): Promise<WholeSvd> {
    const { dims, data } = weight;
    const [rows, columns] = [offsets(dims, axes.rows), offsets(dims, axes.columns)];
    const matrix = matrixOf(rows.length, columns.length);
    let at = 0;
    for (const row of rows) for (const column of columns) matrix.data[at++] = data[row + column];
    return new WholeSvd(dims, axes, await library.svd(matrix));
  }

  get maxRank(): number {
    return this.svd.s.length;
  }

  get singularValues(): Float64Array {
    return this.svd.s;
  }

  async factors(rank: number): Promise<Factors> {
    const { u, s, v } = this.svd;
    const input = new Float32Array(u.rows * rank);
    const output = new Float32Array(rank * v.rows);
    for (let k = 0; k < rank; k++) {
      const root = Math.sqrt(s[k]);
      for (let row = 0; row < u.rows; row++) input[row * rank + k] = u.data[row * u.columns + k] * root;
      for (let column = 0; column < v.rows; column++)
        output[k * v.rows + column] = v.data[column * v.columns + k] * root;
    }
    return { input, output };
  }

  async weight(rank: number, library: LinearAlgebra): Promise<FloatTensor> {
    const { u, s, v } = this.svd;
    const scaled = matrixOf(
      u.rows,
      u.columns,
      u.data.map((value, at) => value * s[at % u.columns]),
    );
    const product = (await library.timesTransposed(scaled, v, rank)).data;
    const weight = floats(this.dims);
    const [rows, columns] = [offsets(this.dims, this.axes.rows), offsets(this.dims, this.axes.columns)];
    let at = 0;
    for (const row of rows) for (const column of columns) weight.data[row + column] = product[at++];
    return weight;
  }

  toTensors(): Map<string, Tensor> {
    const { u, s, v } = this.svd;
    const matrix = ({ rows, columns, data }: Matrix): Tensor => ({
      type: 'float64',
      dims: [rows, columns],
      data,
    });
    return new Map([
      ['u', matrix(u)],
      ['s', { type: 'float64', dims: [s.length], data: s }],
      ['v', matrix(v)],
      ['dims', floats([this.dims.length], [...this.dims])],
    ]);
  }

  /** @throws EngineError `InvalidData` if the tensors are not the factors of a weight of this shape */
  static fromTensors(
    tensors: ReadonlyMap<string, Tensor>,
    dims: readonly number[],
    axes: Matricization,
  ): WholeSvd {
    const [rows, columns] = [axes.rows, axes.columns].map((of) => sizeOf(of.map((axis) => dims[axis])));
    const rank = Math.min(rows, columns);
    const read = storedFactors(tensors, dims);
    return new WholeSvd(dims, axes, {
      u: matrixOf(rows, rank, read('u', rows, rank)),
      s: read('s', rank),
      v: matrixOf(columns, rank, read('v', columns, rank)),
    });
  }
}

/**
 * Makes a reader of stored matrices by name and shape.
 * @throws EngineError `InvalidData` if they are not the factors of a weight of this shape
 */
export function storedFactors(tensors: ReadonlyMap<string, Tensor>, dims: readonly number[]) {
  const stored = Array.from((tensors.get('dims')?.data ?? []) as Float32Array);
  return (name: string, ...shape: number[]) => {
    const tensor = tensors.get(name);
    if (tensor?.type !== 'float64' || tensor.dims.join() !== shape.join() || stored.join() !== dims.join())
      throw new EngineError(
        'InvalidData',
        `stored factors are of a weight of shape [${stored.join(', ')}], not [${dims.join(', ')}]: score the model again`,
      );
    return tensor.data as Float64Array<ArrayBuffer>;
  };
}

/** Lists the memory offset of each combination of indices along `axes`, the last axis running fastest. */
export function offsets(dims: readonly number[], axes: readonly number[]): number[] {
  return axes.reduce<number[]>(
    (found, axis) => {
      const stride = sizeOf(dims.slice(axis + 1));
      return found.flatMap((offset) =>
        Array.from({ length: dims[axis] }, (_, index) => offset + index * stride),
      );
    },
    [0],
  );
}
