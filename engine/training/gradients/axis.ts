import { floats } from '../../tensor/tensor';
import { type GradientContext, refuse } from './rule';
import type { Shape } from '../emit/batch-shapes';

/** A linear map along one axis: element `o` of the result is the sum over `i` of `data[o · from + i]` times element `i`. */
export interface AxisMap {
  readonly from: number;
  readonly to: number;
  readonly data: Float32Array;
}

/** Makes the map whose element `o` is element `source[o]`, or zero if that is negative. */
function picking(source: ArrayLike<number>, from: number): AxisMap {
  const data = new Float32Array(source.length * from);
  for (let at = 0; at < source.length; at++) if (source[at] >= 0) data[at * from + source[at]] = 1;
  return { from, to: source.length, data };
}

const without = (shape: Shape, axis: number, ...dims: number[]) => [
  ...shape.slice(0, axis),
  ...dims,
  ...shape.slice(axis + 1),
];

/** Returns the elements of the axes after `axis`, which a reshape must know if the batch is open. */
function behind(context: GradientContext, shape: Shape, axis: number): number {
  if (shape.slice(axis).some((dim) => dim < 0))
    refuse(context, 'it works along the batch axis, or an axis before it');
  return shape.slice(axis + 1).reduce((a, b) => a * b, 1);
}

/**
 * Carries `dy` back through a map along one axis: a product with its transpose.
 * @param shape of `dy`
 */
export function backAlong(
  context: GradientContext,
  dy: string,
  shape: Shape,
  axis: number,
  { from, to, data }: AxisMap,
): string {
  const { builder } = context;
  const post = behind(context, shape, axis);
  if (axis === shape.length - 1)
    return builder.op('MatMul', [dy, builder.constant(floats([to, from], data))]);
  const turned = Float32Array.from(
    { length: data.length },
    (_, at) => data[(at % to) * from + Math.floor(at / to)],
  );
  const lines = builder.reshape(dy, [-1, to, post]);
  const product = builder.op('MatMul', [builder.constant(floats([from, to], turned)), lines]);
  return builder.reshape(product, without(shape, axis, from));
}

/**
 * Carries `dy` back through a selection along one axis: element `o` of the result was element `source[o]`, or a
 * constant if that is negative.
 * @param shape of `dy`
 * @param from length of the axis before
 */
export function backThrough(
  context: GradientContext,
  dy: string,
  shape: Shape,
  axis: number,
  source: readonly number[],
  from: number,
): string {
  const { builder } = context;
  const copies = source.length / from;
  if (Number.isInteger(copies) && source.every((place, at) => place === Math.floor(at / copies))) {
    if (copies === 1) return dy;
    behind(context, shape, axis);
    return builder.reduceSum(builder.reshape(dy, without(shape, axis, from, copies)), [axis + 1], false);
  }
  const chosen = source.filter((place) => place >= 0);
  if (new Set(chosen).size < chosen.length) return backAlong(context, dy, shape, axis, picking(source, from));
  // Each element was taken at most once: those not taken are gathered from an appended zero.
  const zero = source.length;
  const back = new Array<number>(from).fill(zero);
  source.forEach((place, at) => {
    if (place >= 0) back[place] = at;
  });
  const pads = new Array<number>(2 * shape.length).fill(0);
  pads[shape.length + axis] = back.includes(zero) ? 1 : 0;
  return builder.op('Gather', [builder.pad(dy, pads), builder.ints(back)], { axis });
}
