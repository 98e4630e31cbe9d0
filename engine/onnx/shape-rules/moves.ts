import { intOf, intsOf } from '../node-attributes';
import { agreed, broadcast, type Dim, over, plus, type Shape, times } from '../dims';
import { resized } from './resize';
import { axisOf, given, isGiven, rows, type Rule, withAxis, wrapAll } from './rule';
import { sliceCount } from './slice';

/** Operators that move, slice, join and repeat data, or generate some. */
export const moves: Record<string, Rule> = {
  Slice(node, scope) {
    const input = scope.shape(node.input[0]);
    const [starts, ends] = [given(node, 1, 'starts', scope), given(node, 2, 'ends', scope)];
    if (!input || !starts || ends?.length !== starts.length) return undefined;
    const listed = isGiven(node, 3, 'axes') ? given(node, 3, 'axes', scope) : starts.map((_, at) => at);
    const axes = listed && wrapAll(listed, input.length);
    const steps = isGiven(node, 4, 'steps') ? given(node, 4, 'steps', scope) : starts.map(() => 1);
    if (axes?.length !== starts.length || steps?.length !== starts.length) return undefined;
    const out: Dim[] = [...input];
    axes.forEach((axis, i) => (out[axis] = sliceCount(input[axis], starts[i], ends[i], steps[i])));
    return [out];
  },
  Split(node, scope) {
    const input = scope.shape(node.input[0]);
    const axis = input && axisOf(node, 0, input.length);
    if (!input || axis === undefined) return undefined;
    const size = input[axis];
    const count = node.output.length;
    if (isGiven(node, 1, 'split')) {
      const parts = given(node, 1, 'split', scope);
      const total = parts?.reduce(plus, 0);
      if (
        parts &&
        (parts.length !== count || (typeof size === 'number' && typeof total === 'number' && total !== size))
      )
        return undefined;
      return node.output.map((_, at) => withAxis(input, axis, parts?.[at]));
    }
    if (typeof size !== 'number') return node.output.map(() => withAxis(input, axis, undefined));
    const part = Math.ceil(size / count);
    return node.output.map((_, at) =>
      withAxis(input, axis, at < count - 1 ? part : size - part * (count - 1)),
    );
  },
  Concat(node, { shape }) {
    const shapes = node.input.map(shape).filter((dims) => dims !== undefined);
    const [first, ...others] = shapes;
    const axis = first && axisOf(node, 0, first.length);
    if (axis === undefined || shapes.length < node.input.length) return undefined;
    if (others.some((dims) => dims.length !== first.length)) return undefined;
    const columns = first.map((_, at) => shapes.map((dims) => dims[at]));
    const differ = (dims: Dim[]) => new Set(dims.filter((dim) => typeof dim === 'number')).size > 1;
    if (columns.some((dims, at) => at !== axis && differ(dims))) return undefined;
    return [columns.map((dims, at) => (at === axis ? dims.reduce(plus) : dims.reduce(agreed)))];
  },
  Pad(node, scope) {
    const input = scope.shape(node.input[0]);
    const pads = given(node, 1, 'pads', scope);
    if (!input || !pads) return undefined;
    const listed = node.input[3] ? scope.values.get(node.input[3]) : input.map((_, axis) => axis);
    const axes = listed && wrapAll(listed, input.length);
    if (pads.length !== 2 * (axes?.length ?? NaN)) return undefined;
    const out: Dim[] = [...input];
    axes!.forEach((axis, at) => {
      const added = plus(pads[at], pads[at + axes!.length]);
      out[axis] = added === 0 ? input[axis] : plus(input[axis], added);
    });
    return [out];
  },
  Gather(node, { shape }) {
    const [data, indices] = [shape(node.input[0]), shape(node.input[1])];
    const axis = data && axisOf(node, 0, data.length);
    if (axis === undefined || !indices) return undefined;
    return [[...data!.slice(0, axis), ...indices, ...data!.slice(axis + 1)]];
  },
  GatherElements: (node, { shape }) => [shape(node.input[1])],
  GatherND(node, { shape }) {
    const [data, indices] = [shape(node.input[0]), shape(node.input[1])];
    const depth = indices?.[indices.length - 1];
    const from = intOf(node, 'batch_dims', 0) + (typeof depth === 'number' ? depth : NaN);
    return data && from <= data.length ? [[...indices!.slice(0, -1), ...data.slice(from)]] : undefined;
  },
  Compress(node, { shape }) {
    const input = shape(node.input[0]);
    if (!input || !isGiven(node, -1, 'axis')) return [[undefined]];
    const axis = axisOf(node, 0, input.length);
    return axis === undefined ? undefined : [withAxis(input, axis, undefined)];
  },
  Tile(node, { shape, values }) {
    const [input, repeats] = [shape(node.input[0]), values.get(node.input[1])];
    return input && repeats?.length === input.length
      ? [input.map((dim, axis) => times(dim, repeats[axis]))]
      : undefined;
  },
  Expand(node, { shape, values }) {
    const [input, target] = [shape(node.input[0]), values.get(node.input[1])];
    return input && target && [broadcast([input, target])];
  },
  ...rows('Resize Upsample', resized),
  DepthToSpace(node, { shape }) {
    const block = intOf(node, 'blocksize', 1);
    const input = shape(node.input[0]);
    if (input?.length !== 4 || over(input[1], block ** 2) === undefined) return undefined;
    return [[input[0], over(input[1], block ** 2), times(input[2], block), times(input[3], block)]];
  },
  SpaceToDepth(node, { shape }) {
    const block = intOf(node, 'blocksize', 1);
    const input = shape(node.input[0]);
    if (input?.length !== 4) return undefined;
    return [[input[0], times(input[1], block ** 2), over(input[2], block), over(input[3], block)]];
  },
  TopK(node, { shape, values }) {
    const input = shape(node.input[0]);
    const axis = input && axisOf(node, -1, input.length);
    if (!input || axis === undefined) return undefined;
    const out = withAxis(input, axis, values.get(node.input[1])?.[0]);
    return [out, out];
  },
  NonMaxSuppression: () => [[undefined, 3]],
  NonZero: (node, { shape }) => [[shape(node.input[0])?.length, undefined]],
  OneHot(node, { shape, values }) {
    const indices = shape(node.input[0]);
    const axis = indices && axisOf(node, -1, indices.length + 1);
    if (axis === undefined) return undefined;
    return [[...indices!.slice(0, axis), values.get(node.input[1])?.[0], ...indices!.slice(axis)]];
  },
  CenterCropPad(node, { shape, values }) {
    const [input, target] = [shape(node.input[0]), values.get(node.input[1])];
    if (!input || !target) return undefined;
    const axes = wrapAll(intsOf(node, 'axes') ?? input.map((_, axis) => axis), input.length);
    return axes?.length === target.length
      ? [input.map((dim, at) => (axes.includes(at) ? target[axes.indexOf(at)] : dim))]
      : undefined;
  },
  Shape(node, { shape }) {
    const dims = shape(node.input[0]);
    return dims && [[spanOf(dims, intOf(node, 'start', 0), intOf(node, 'end', dims.length)).length]];
  },
  Size: () => [[]],
  Constant({ attribute: [attribute] }) {
    const { name, t, ints, floats } = attribute;
    if (name === 'value' && t) return [t.dims.map(Number)];
    if (name === 'value_int' || name === 'value_float') return [[]];
    return name === 'value_ints' || name === 'value_floats' ? [[ints.length + floats.length]] : undefined;
  },
  ConstantOfShape: (node, { values }) => [values.get(node.input[0])],
  ...rows('RandomNormal RandomUniform', (node) => [intsOf(node, 'shape')]),
  Range(node, { values }) {
    const [start, limit, step] = node.input.map((value) => values.get(value)?.[0]);
    if (start === 0 && step === 1 && typeof limit === 'string') return [[limit]];
    if (typeof start !== 'number' || typeof limit !== 'number' || typeof step !== 'number' || !step)
      return [[undefined]];
    return [[Math.max(0, Math.ceil((limit - start) / step))]];
  },
};

/** Returns the dimensions that a Shape node with `start` and `end` reports. */
export const spanOf = (dims: Shape, start: number, end: number): Shape => dims.slice(start, end);
