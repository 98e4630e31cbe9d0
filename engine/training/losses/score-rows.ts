import { sizeOf } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import type { Shape } from '../emit/batch-shapes';

/** Reshapes scores [N, K, …] to a matrix with one row per sample or pixel, [N · …, K]. */
export function toRows(builder: Builder, value: string, dims: Shape): string {
  const [, classes, ...plane] = dims;
  if (!plane.length) return value;
  const last = [0, ...plane.map((_, axis) => axis + 2), 1];
  return builder.reshape(sizeOf(plane) === 1 ? value : builder.transpose(value, last), [-1, classes]);
}

/** Undoes `toRows`. */
export function fromRows(builder: Builder, rows: string, dims: Shape): string {
  const [, classes, ...plane] = dims;
  if (!plane.length) return rows;
  if (sizeOf(plane) === 1) return builder.reshape(rows, dims);
  const pixels = builder.reshape(rows, [-1, ...plane, classes]);
  return builder.transpose(pixels, [0, dims.length - 1, ...plane.map((_, axis) => axis + 1)]);
}
