import type { Dim } from '../dims';

interface Range {
  readonly from: number;
  readonly count: number;
}

/** Returns where a slice of an axis of `size` starts and how many entries it takes, by ONNX's rules. */
function rangeOf(size: number, start: number, end: number, step: number): Range {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const [from, to] =
    step > 0
      ? [clamp(start, 0, size), clamp(end, 0, size)]
      : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
  return { from, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** Ends from which on an exporter means "to the end", whatever the size. */
const open = 2 ** 31 - 2;

/** Returns the size of a slice; for an axis of unknown size only if all of it is taken. */
export function sliceCount(size: Dim, start: Dim, end: Dim, step: Dim): Dim {
  if (
    start === 0 &&
    step === 1 &&
    ((typeof end === 'number' && end > open) || (end === size && end !== undefined))
  )
    return size;
  if (start === 0 && step === 1 && end === 0) return 0;
  if (typeof size !== 'number' || typeof start !== 'number' || typeof end !== 'number') return undefined;
  return typeof step === 'number' && step ? rangeOf(size, start, end, step).count : undefined;
}

/** Lists the indices that a slice of an axis of `size` takes. */
export function sliceIndices(size: number, start: number, end: number, step: number): number[] {
  const { from, count } = rangeOf(size, start, end, step);
  return Array.from({ length: count }, (_, i) => from + i * step);
}
