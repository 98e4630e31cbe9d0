import { floatOf, intOf, intsOf, stringOf } from '../../onnx/node-attributes';
import { type GradientContext, type GradientRule, refuse } from './rule';
import { type AxisMap, backAlong, backThrough } from './axis';
import { table } from '../../table';

const clamp = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
const round = Math.fround;

/** An axis that is resampled from `from` to `to` elements. */
interface Resampling {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  readonly scale: number;
}

/** Position of element `at` of the result in the input, computed in 32 bits as ONNX Runtime does. */
const coordinates: Readonly<Record<string, (of: Resampling, at: number) => number>> = table<
  (of: Resampling, at: number) => number
>({
  half_pixel: ({ scale }, at) => round(round(round(at + 0.5) / scale) - 0.5),
  pytorch_half_pixel: (of, at) => (of.to > 1 ? coordinates.half_pixel(of, at) : 0),
  half_pixel_symmetric: (of, at) => {
    const center = of.from / 2;
    return round(center * (1 - of.to / (of.scale * of.from)) + coordinates.half_pixel(of, at));
  },
  align_corners: ({ from, to }, at) => (to === 1 ? 0 : round(round(at * (from - 1)) / (to - 1))),
  asymmetric: ({ scale }, at) => round(at / scale),
});

const nearest = table<(place: number) => number>({
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
});

/** Keys' cubic convolution (1981): weights of the four elements around a position `past` the second. */
function cubicWeights(past: number, a: number): number[] {
  const inner = (t: number) => ((a + 2) * t - (a + 3)) * t * t + 1;
  const outer = (t: number) => ((a * t - 5 * a) * t + 8 * a) * t - 4 * a;
  return [outer(past + 1), inner(past), inner(1 - past), outer(2 - past)];
}

/** Lists the elements that make up the one at `place`, with their weights. */
function taps({ node }: GradientContext, mode: string, place: number, from: number): [number, number][] {
  if (mode === 'linear') {
    const inside = clamp(place, from);
    const first = Math.floor(inside);
    return [
      [first, 1 - (inside - first)],
      [clamp(first + 1, from), inside - first],
    ];
  }
  const first = Math.floor(place) - 1;
  const weights = cubicWeights(place - first - 1, floatOf(node, 'cubic_coeff_a', -0.75));
  if (!intOf(node, 'exclude_outside', 0))
    return weights.map((weight, at) => [clamp(first + at, from), weight]);
  const inside = weights.map((weight, at) => (clamp(first + at, from) === first + at ? weight : 0));
  const total = inside.reduce((a, b) => a + b, 0);
  return inside.map((weight, at) => [clamp(first + at, from), weight / total]);
}

function mapOf(context: GradientContext, mode: string, places: readonly number[], from: number): AxisMap {
  const data = new Float32Array(places.length * from);
  places.forEach((place, at) => {
    for (const [tap, weight] of taps(context, mode, place, from)) data[at * from + tap] += weight;
  });
  return { from, to: places.length, data };
}

/** Lists the axes that a Resize changes. */
function resampled(context: GradientContext): Resampling[] {
  const { node, inputs, output, shapeOf, constantOf } = context;
  const [before, after] = [shapeOf(inputs[0]), shapeOf(output)];
  const given = constantOf(inputs[2]);
  const sized = Boolean(inputs[3]);
  if (!sized && !given) refuse(context, 'its scales are computed while the model runs');
  if (sized && stringOf(node, 'keep_aspect_ratio_policy', 'stretch') !== 'stretch') {
    refuse(context, 'it keeps the aspect ratio (keep_aspect_ratio_policy)');
  }
  const axes = intsOf(node, 'axes')?.map((axis) => (axis + before.length) % before.length);
  return before.flatMap((from, axis) => {
    const at = axes ? axes.indexOf(axis) : axis;
    const scale = round(at < 0 ? 1 : sized ? after[axis] / from : given![at]);
    return from === after[axis] && scale === 1 ? [] : [{ axis, from, to: after[axis], scale }];
  });
}

/** Interpolation along one axis after the other. */
function resize(context: GradientContext): (string | undefined)[] {
  const { node, output, shapeOf } = context;
  const mode = stringOf(node, 'mode', 'nearest');
  const transformation = stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const coordinate = coordinates[transformation];
  const rounding = nearest[stringOf(node, 'nearest_mode', 'round_prefer_floor')];
  if (!coordinate || !['nearest', 'linear', 'cubic'].includes(mode) || intOf(node, 'antialias', 0)) {
    refuse(context, `there is no gradient for mode ${mode} with ${transformation}, or with antialias`);
  }
  const shape = [...shapeOf(output)];
  let { dy } = context;
  for (const of of resampled(context)) {
    const places = Array.from({ length: of.to }, (_, at) => coordinate(of, at));
    dy =
      mode === 'nearest'
        ? backThrough(
            context,
            dy,
            shape,
            of.axis,
            places.map((place) => clamp(rounding(place), of.from)),
            of.from,
          )
        : backAlong(context, dy, shape, of.axis, mapOf(context, mode, places, of.from));
    shape[of.axis] = of.from;
  }
  return [dy];
}

/** Source of each element of a padded axis; -1 for a constant. */
const padded = table<(place: number, size: number) => number>({
  constant: (place, size) => (place === clamp(place, size) ? place : -1),
  edge: clamp,
  reflect: (place, size) => {
    const period = Math.max(1, 2 * (size - 1));
    const phase = ((place % period) + period) % period;
    return Math.min(phase, period - phase) % size;
  },
  wrap: (place, size) => ((place % size) + size) % size,
});

/** Reads the pads of a Pad node for every axis, whether or not it names axes (opset 18). */
function padsOf(context: GradientContext): number[] {
  const { inputs, shapeOf, constantOf } = context;
  const rank = shapeOf(inputs[0]).length;
  const given = constantOf(inputs[1]) ?? refuse(context, 'its pads are computed while the model runs');
  const axes = constantOf(inputs[3])?.map((axis) => (axis + rank) % rank) ?? [...Array(rank).keys()];
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, at) => {
    pads[axis] = given[at];
    pads[rank + axis] = given[axes.length + at];
  });
  return pads;
}

/** Operators that compute each element from a few along axes. */
export const resample: Readonly<Record<string, GradientRule>> = {
  Resize: resize,

  Pad(context) {
    const { builder, node, inputs, output, shapeOf } = context;
    const pads = padsOf(context);
    const mode = stringOf(node, 'mode', 'constant');
    const source = padded[mode] ?? refuse(context, `there is no gradient for mode ${mode}`);
    if (mode === 'constant') {
      return [
        builder.pad(
          context.dy,
          pads.map((pad) => -pad),
        ),
      ];
    }
    const [before, shape] = [shapeOf(inputs[0]), [...shapeOf(output)]];
    let { dy } = context;
    before.forEach((from, axis) => {
      if (!pads[axis] && !pads[before.length + axis]) return;
      const places = Array.from({ length: shape[axis] }, (_, at) => source(at - pads[axis], from));
      dy = backThrough(context, dy, shape, axis, places, from);
      shape[axis] = from;
    });
    return [dy];
  },
};
