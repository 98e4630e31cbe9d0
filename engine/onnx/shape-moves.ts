import { intOf, intsOf, stringOf } from './attributes';
import type { Dim, Graph, Node } from './graph';
import { sliceIndices, type Values } from './shape-values';

/** A shape, its dimensions numbers, symbols (`batch`) or undefined. */
export type Shape = readonly Dim[];

/** What a rule of shape inference may ask about. */
export interface Scope {
  readonly graph: Graph;
  readonly shape: (value: string | undefined) => Shape | undefined;
  readonly values: Values;
}

/** The shapes of a node's outputs; undefined where they cannot be known. */
export type Rule = (node: Node, scope: Scope) => (Shape | undefined)[] | undefined;

/** An axis counted from the end as one counted from the start. */
export const wrap = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

const scaled = (dim: Dim, factor: number): Dim =>
  factor === 1 ? dim : typeof dim === 'number' ? Math.floor(dim * factor) : undefined;
const numbers = (values: Dim[] | undefined): number[] | undefined =>
  values?.every((value) => typeof value === 'number') ? values : undefined;
const withAxis = (dims: Shape, axis: number, size: Dim): Shape =>
  dims.map((dim, at) => (at === axis ? size : dim));

/** Rules of the operators that move, cut and stretch data. */
export const moves: Record<string, Rule> = {
  Slice(node, { shape, values }) {
    const input = shape(node.input[0]);
    const given = (at: number, name: string) => intsOf(node, name) ?? numbers(values.get(node.input[at]));
    const [starts, ends] = [given(1, 'starts'), given(2, 'ends')];
    if (!input || !starts || !ends) return undefined;
    const axes = node.input[3] || intsOf(node, 'axes') ? given(3, 'axes') : starts.map((_, at) => at);
    const steps = node.input[4] ? given(4, 'steps') : starts.map(() => 1);
    if (!axes || !steps) return undefined;
    const out: Dim[] = [...input];
    axes.forEach((axis, i) => {
      const size = input[wrap(axis, input.length)];
      const whole = starts[i] === 0 && steps[i] === 1 && ends[i] > 2 ** 31 - 2;
      const cut =
        typeof size === 'number' ? sliceIndices(size, starts[i], ends[i], steps[i]).length : undefined;
      out[wrap(axis, input.length)] = whole ? size : cut;
    });
    return [out];
  },
  Split(node, { shape, values }) {
    const input = shape(node.input[0]);
    if (!input) return undefined;
    const axis = wrap(intOf(node, 'axis', 0), input.length);
    const explicit =
      intsOf(node, 'split') ?? (node.input[1] ? numbers(values.get(node.input[1])) : undefined);
    const size = input[axis];
    const count = node.output.length;
    return node.output.map((_, at) => {
      if (explicit) return withAxis(input, axis, explicit[at]);
      if (node.input[1] || typeof size !== 'number') return withAxis(input, axis, undefined);
      const part = Math.ceil(size / count);
      return withAxis(input, axis, at < count - 1 ? part : size - part * (count - 1));
    });
  },
  Gather(node, { shape }) {
    const [data, indices] = [shape(node.input[0]), shape(node.input[1])];
    if (!data || !indices) return undefined;
    const axis = wrap(intOf(node, 'axis', 0), data.length);
    return [[...data.slice(0, axis), ...indices, ...data.slice(axis + 1)]];
  },
  Tile(node, { shape, values }) {
    const [input, repeats] = [shape(node.input[0]), numbers(values.get(node.input[1]))];
    return input && repeats && [input.map((dim, axis) => scaled(dim, repeats[axis]))];
  },
  Resize(node, { shape, values }) {
    const input = shape(node.input[0]);
    const policy = stringOf(node, 'keep_aspect_ratio_policy', 'stretch');
    if (!input || intsOf(node, 'axes') || policy !== 'stretch') return undefined;
    const sizes = values.get(node.input[3]);
    if (sizes?.length === input.length) return [sizes];
    const scales = numbers(values.get(node.input[2]));
    return scales?.length === input.length
      ? [input.map((dim, axis) => scaled(dim, scales[axis]))]
      : undefined;
  },
  DepthToSpace: (node, { shape }) => blocks(shape(node.input[0]), intOf(node, 'blocksize', 1)),
  SpaceToDepth: (node, { shape }) => blocks(shape(node.input[0]), 1 / intOf(node, 'blocksize', 1)),
  ConstantOfShape(node, { values }) {
    const dims = values.get(node.input[0]);
    return dims && [dims];
  },
  ConvTranspose: transposed,
};

/** Channels go over into `block` times the height and width, or back where it is a fraction. */
function blocks(input: Shape | undefined, block: number): Shape[] | undefined {
  if (input?.length !== 4) return undefined;
  const channels = typeof input[1] === 'number' ? Math.round(input[1] / block ** 2) : undefined;
  const stretch = (dim: Dim) => (typeof dim === 'number' ? Math.round(dim * block) : undefined);
  return [[input[0], channels, stretch(input[2]), stretch(input[3])]];
}

function transposed(node: Node, { shape }: Scope): (Shape | undefined)[] | undefined {
  const [input, weight] = [shape(node.input[0]), shape(node.input[1])];
  if (!input || !weight?.every((dim) => typeof dim === 'number')) return undefined;
  const kernel = weight.slice(2);
  const list = (name: string, other: number) =>
    intsOf(node, name) ?? Array<number>(kernel.length).fill(other);
  const [strides, dilations, extra] = [list('strides', 1), list('dilations', 1), list('output_padding', 0)];
  const pads = intsOf(node, 'pads') ?? Array<number>(2 * kernel.length).fill(0);
  const asked = intsOf(node, 'output_shape');
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  const spatial = kernel.map((taps, axis): Dim => {
    const size = input[axis + 2];
    if (asked) return asked[asked.length - kernel.length + axis];
    if (typeof size !== 'number') return undefined;
    if (auto.startsWith('SAME')) return size * strides[axis];
    const padding = auto === 'VALID' ? 0 : pads[axis] + pads[axis + kernel.length];
    return strides[axis] * (size - 1) + extra[axis] + (taps - 1) * dilations[axis] + 1 - padding;
  });
  return [[input[0], weight[1] * intOf(node, 'group', 1), ...spatial]];
}
