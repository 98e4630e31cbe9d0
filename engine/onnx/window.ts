import { intOf, intsOf, stringOf } from './node-attributes';
import type { Node } from './graph';

/** A sliding window (Conv, pools) over two spatial axes; pads are [top, left, bottom, right]. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

/**
 * Reads a Conv's or pool's window. `auto_pad` is resolved against the spatial size of the input; undefined if that size
 * is needed but unknown.
 */
export function windowOf(
  node: Node,
  kernel: readonly number[],
  spatial: readonly (number | undefined)[],
): Window | undefined {
  const axes = kernel.length;
  const strides = intsOf(node, 'strides') ?? Array<number>(axes).fill(1);
  const dilations = intsOf(node, 'dilations') ?? Array<number>(axes).fill(1);
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  if (!auto.startsWith('SAME')) {
    const pads = auto === 'VALID' ? undefined : intsOf(node, 'pads');
    return { kernel, strides, dilations, pads: pads ?? Array<number>(2 * axes).fill(0) };
  }
  const before: number[] = [];
  const after: number[] = [];
  for (let axis = 0; axis < axes; axis++) {
    const size = spatial[axis];
    if (size === undefined) return undefined;
    const reach =
      (Math.ceil(size / strides[axis]) - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1;
    const total = Math.max(0, reach - size);
    const less = Math.floor(total / 2);
    before.push(auto === 'SAME_UPPER' ? less : total - less);
    after.push(auto === 'SAME_UPPER' ? total - less : less);
  }
  return { kernel, strides, dilations, pads: [...before, ...after] };
}

/** Counts a window's output positions along `axis` over an input of `size`. */
export function positions(window: Window, axis: number, size: number, ceil = false): number {
  const { kernel, strides, dilations, pads } = window;
  const padded = size + pads[axis] + pads[axis + kernel.length];
  const free = (padded - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis];
  if (!ceil) return Math.floor(free) + 1;
  const last = Math.ceil(free);
  return last * strides[axis] >= size + pads[axis] ? last : last + 1; // a window must start inside the input or its left pad
}

/** Reads the window of a convolution, its kernel taken from the weight [M, C/groups, kH, kW]. */
export const convWindow = (
  node: Node,
  weight: readonly number[],
  input: readonly unknown[] | undefined,
): Window | undefined =>
  windowOf(
    node,
    weight.slice(2),
    weight
      .slice(2)
      .map((_, axis) => (typeof input?.[axis + 2] === 'number' ? (input[axis + 2] as number) : undefined)),
  );

/** Reads a convolution's number of groups. */
export const groupsOf = (node: Node): number => intOf(node, 'group', 1);
