import { type ElementType, floats, fromBytes, sizeOf, type Tensor, toBytes, zeros } from '../tensor/tensor';
import { Random } from './random';

/** An array read by rows of its first dimension: a file (`NpyFile`), or numbers drawn on demand. */
export interface Rows {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Reads rows `start` to `start + count`, [count, …]. */
  rows(start: number, count: number): Tensor;
  /** Returns the row of the file that a row comes from; the same if there is no such function. */
  fileRow?(row: number): number;
  close(): void;
}

/** Some rows of an array, in the order of `picked`. It reads from the array, which its owner closes. */
export class PickedRows implements Rows {
  readonly type: ElementType;
  readonly dims: readonly number[];

  constructor(
    private readonly of: Rows,
    private readonly picked: Int32Array,
  ) {
    this.type = of.type;
    this.dims = [picked.length, ...of.dims.slice(1)];
  }

  rows(start: number, count: number): Tensor {
    const dims = [count, ...this.dims.slice(1)];
    const parts = Array.from(this.picked.subarray(start, start + count), (row) =>
      toBytes(this.of.rows(row, 1)),
    );
    return fromBytes(this.type, dims, Buffer.concat(parts));
  }

  fileRow(row: number): number {
    const own = this.picked[row];
    return this.of.fileRow?.(own) ?? own;
  }

  close(): void {}
}

/** Most numbers kept once drawn, 64 MiB: callers usually ask for the same rows again. */
const kept = 2 ** 24;

/** Standard normal float32 numbers; a row depends only on the seed and its own number. */
export class NormalRows implements Rows {
  readonly type = 'float32';
  private readonly known = new Map<number, Float32Array>();

  constructor(
    readonly dims: readonly number[],
    private readonly seed: number,
  ) {}

  rows(start: number, count: number): Tensor {
    const sample = this.dims.slice(1);
    const width = sizeOf(sample);
    const tensor = floats([count, ...sample]);
    for (let row = 0; row < count; row++) tensor.data.set(this.row(start + row, width), row * width);
    return tensor;
  }

  private row(at: number, width: number): Float32Array {
    const known = this.known.get(at);
    if (known) return known;
    // Neighbouring seeds of the generator are neighbours in one stream: multiplying by odd constants moves rows'
    // streams apart.
    const random = new Random(Math.imul(this.seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b));
    const row = Float32Array.from({ length: width }, () => random.normal());
    if ((this.known.size + 1) * width <= kept) this.known.set(at, row);
    return row;
  }

  close(): void {}
}

/** Zeros of any type, fed to integer inputs of a model if no data are given. */
export class ZeroRows implements Rows {
  constructor(
    readonly type: ElementType,
    readonly dims: readonly number[],
  ) {}

  rows(_start: number, count: number): Tensor {
    return zeros(this.type, [count, ...this.dims.slice(1)]);
  }

  close(): void {}
}
