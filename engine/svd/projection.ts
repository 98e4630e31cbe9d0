import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf, transposed } from '../linalg/matrix';
import { floats, type FloatTensor, type Tensor } from '../tensor/tensor';
import {
  type Factors,
  type LowRank,
  type Matricization,
  offsets,
  type Projector,
  storedFactors,
} from './low-rank';

/** Elements of the matrix held in float64 at a time: 32 MiB. */
const usualBlock = 2 ** 22;

/**
 * A large weight decomposed without a second copy of it: A·Aᵀ over its shorter side is summed block by block, and its
 * eigenvectors are A's singular vectors U. The other side is never stored: the best approximation of rank k is A
 * projected onto the first k of them, U_k·U_kᵀ·A (Eckart and Young 1936), computed on demand, one block at a time.
 * Squaring loses singular values below 1e-8 of the largest, which a float32 weight cannot tell from rounding errors.
 */
export class Projection implements LowRank {
  private constructor(
    private readonly weightOf: () => FloatTensor,
    private readonly axes: Matricization,
    /** Singular vectors of the shorter side, [short, short], one per column. */
    private readonly u: Matrix,
    readonly singularValues: Float64Array<ArrayBuffer>,
    private readonly dims: readonly number[],
    private readonly blockElements = usualBlock,
  ) {}

  /** @param weightOf returns the weight whenever it is read, so that it need not stay in memory */
  static async of(
    weightOf: () => FloatTensor,
    axes: Matricization,
    library: LinearAlgebra,
    blockElements = usualBlock,
  ): Promise<Projection> {
    const weight = weightOf();
    const { short, long } = sides(weight.dims, axes);
    const gram = matrixOf(short.length, short.length);
    for (const [from, to] of blocks(short.length, long.length, blockElements)) {
      const block = blockOf(weight, short, long.slice(from, to));
      const { data } = await library.timesTransposed(block, block);
      for (let at = 0; at < data.length; at++) gram.data[at] += data[at];
    }
    const { values, vectors } = await library.eigh(gram);
    const singularValues = values.map((value) => Math.sqrt(Math.max(0, value)));
    return new Projection(weightOf, axes, vectors, singularValues, weight.dims, blockElements);
  }

  get maxRank(): number {
    return this.singularValues.length;
  }

  projector(library: LinearAlgebra): Projector {
    const { rows: size } = this.u;
    return {
      side: sides(this.dims, this.axes).isWide ? 'input' : 'output',
      size,
      at: async (rank) => floats([size, size], (await library.timesTransposed(this.u, this.u, rank)).data),
    };
  }

  async factors(rank: number, library: LinearAlgebra): Promise<Factors> {
    const { short, long, isWide } = sides(this.dims, this.axes);
    const roots = this.singularValues.slice(0, rank).map(Math.sqrt);
    const own = new Float32Array(short.length * rank);
    for (let row = 0; row < short.length; row++)
      for (let k = 0; k < rank; k++) own[row * rank + k] = this.u.data[row * short.length + k] * roots[k];
    const other = new Float32Array(long.length * rank);
    await this.project(rank, library, (from, { rows, data }) => {
      eachTile(rows, rank, (top, bottom, left, right) => {
        for (let k = left; k < right; k++)
          for (let at = top; at < bottom; at++) {
            const value = roots[k] ? data[at * rank + k] / roots[k] : 0;
            if (isWide) other[k * long.length + from + at] = value;
            else other[(from + at) * rank + k] = value;
          }
      });
    });
    if (isWide) return { input: own, output: other };
    const turned = new Float32Array(own.length);
    for (let row = 0; row < short.length; row++)
      for (let k = 0; k < rank; k++) turned[k * short.length + row] = own[row * rank + k];
    return { input: other, output: turned };
  }

  async weight(rank: number, library: LinearAlgebra): Promise<FloatTensor> {
    const { short, long } = sides(this.dims, this.axes);
    const weight = floats(this.dims);
    const basis = this.basis(rank);
    await this.project(rank, library, async (from, projected) => {
      const part = long.slice(from, from + projected.rows);
      place(weight, part, short, await library.timesTransposed(projected, basis));
    });
    return weight;
  }

  toTensors(): Map<string, Tensor> {
    const { u, singularValues: s, dims } = this;
    return new Map<string, Tensor>([
      ['u', { type: 'float64', dims: [u.rows, u.columns], data: u.data }],
      ['s', { type: 'float64', dims: [s.length], data: s }],
      ['dims', floats([dims.length], [...dims])],
    ]);
  }

  /** @throws EngineError `InvalidData` if the tensors are not those of a weight of this shape */
  static fromTensors(
    tensors: ReadonlyMap<string, Tensor>,
    dims: readonly number[],
    axes: Matricization,
    weightOf: () => FloatTensor,
  ): Projection {
    const { length } = sides(dims, axes).short;
    const read = storedFactors(tensors, dims);
    const u = matrixOf(length, length, read('u', length, length));
    return new Projection(weightOf, axes, u, read('s', length), dims);
  }

  /** Returns the first `rank` singular vectors, [short, rank]. */
  private basis(rank: number): Matrix {
    const { rows, columns, data } = this.u;
    const basis = matrixOf(rows, rank);
    for (let row = 0; row < rows; row++)
      basis.data.set(data.subarray(row * columns, row * columns + rank), row * rank);
    return basis;
  }

  /** Computes the weight's coordinates in the first `rank` vectors, one block [part of the longer side, rank] at a time. */
  private async project(
    rank: number,
    library: LinearAlgebra,
    take: (from: number, block: Matrix) => void | Promise<void>,
  ): Promise<void> {
    const weight = this.weightOf();
    const { short, long } = sides(this.dims, this.axes);
    const basis = transposed(this.basis(rank));
    for (const [from, to] of blocks(short.length, long.length, this.blockElements))
      await take(from, await library.timesTransposed(blockOf(weight, long.slice(from, to), short), basis));
  }
}

/** Lists the offsets of the rows and columns of a weight's matrix, shorter side first; `wide` if that is the rows. */
function sides(dims: readonly number[], axes: Matricization) {
  const [rows, columns] = [offsets(dims, axes.rows), offsets(dims, axes.columns)];
  const isWide = rows.length <= columns.length;
  return isWide ? { short: rows, long: columns, isWide } : { short: columns, long: rows, isWide };
}

function* blocks(short: number, long: number, elements: number): Generator<[from: number, to: number]> {
  const size = Math.max(1, Math.floor(elements / short));
  for (let from = 0; from < long; from += size) yield [from, Math.min(long, from + size)];
}

/** Rows, and columns, copied at a time, so that what is read and written stays in the processor's caches. */
const tile = 32;

/** Reads the elements whose offsets are the sums of `rows` and `columns`, as a matrix [rows, columns]. */
function blockOf({ data }: FloatTensor, rows: readonly number[], columns: readonly number[]): Matrix {
  const block = matrixOf(rows.length, columns.length);
  eachTile(rows.length, columns.length, (top, bottom, left, right) => {
    for (let column = left; column < right; column++) {
      const start = columns[column];
      for (let row = top; row < bottom; row++)
        block.data[row * columns.length + column] = data[rows[row] + start];
    }
  });
  return block;
}

/** Writes the elements that `blockOf` would read. */
function place(
  { data }: FloatTensor,
  rows: readonly number[],
  columns: readonly number[],
  block: Matrix,
): void {
  eachTile(rows.length, columns.length, (top, bottom, left, right) => {
    for (let column = left; column < right; column++) {
      const start = columns[column];
      for (let row = top; row < bottom; row++)
        data[rows[row] + start] = block.data[row * columns.length + column];
    }
  });
}

function eachTile(
  rows: number,
  columns: number,
  visit: (top: number, bottom: number, left: number, right: number) => void,
): void {
  for (let top = 0; top < rows; top += tile)
    for (let left = 0; left < columns; left += tile)
      visit(top, Math.min(rows, top + tile), left, Math.min(columns, left + tile));
}
