import { type ElementType, floats, sizeOf, type Tensor, zeros } from '../tensor/tensor';
import { Random } from './random';

/** An array that is read by rows of its first dimension: a file (`NpyFile`), or numbers drawn as they are asked for. */
export interface Rows {
  readonly type: ElementType;
  readonly dims: readonly number[];
  /** Rows `start` to `start + count`, [count, …]. */
  rows(start: number, count: number): Tensor;
  close(): void;
}

/** Standard normal float32 numbers; a row depends on the seed and its own number alone. */
export class NormalRows implements Rows {
  readonly type = 'float32';

  constructor(
    readonly dims: readonly number[],
    private readonly seed: number,
  ) {}

  rows(start: number, count: number): Tensor {
    const sample = this.dims.slice(1);
    const width = sizeOf(sample);
    const tensor = floats([count, ...sample]);
    for (let row = 0; row < count; row++) {
      // Neighbouring seeds of the generator are neighbours in one stream: odd constants set the rows' streams apart.
      const random = new Random(
        Math.imul(this.seed + 1, 0x9e3779b1) ^ Math.imul(start + row + 1, 0x85ebca6b),
      );
      for (let i = 0; i < width; i++) tensor.data[row * width + i] = random.normal();
    }
    return tensor;
  }

  close(): void {}
}

/** Zeros of any type: what integer inputs of a model are fed where no data are given. */
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
