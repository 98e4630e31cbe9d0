import { intOf, intsOf, stringOf } from '../node-attributes';
import type { Node } from '../graph';
import type { Dim, Shape } from '../dims';
import { convWindow, groupsOf, positions, type Window, windowOf } from '../window';
import { numbers, rows, type Rule, type Scope } from './rule';

/** Convolutions and pools: [N, C, spatial axes]. */
export const windows: Record<string, Rule> = {
  ...rows('Conv DeformConv', convolution),
  ConvTranspose: transposed,
  ...rows('MaxPool AveragePool LpPool', pool),
  ...rows('GlobalAveragePool GlobalMaxPool GlobalLpPool', (node, { shape }) => {
    const input = shape(node.input[0]);
    return input && [[input[0], input[1], ...input.slice(2).map(() => 1)]];
  }),
  GridSample(node, { shape }) {
    const [input, grid] = [shape(node.input[0]), shape(node.input[1])];
    if (!input || grid?.length !== input.length) return undefined;
    return [[input[0], input[1], ...grid.slice(1, -1)]];
  },
  RoiAlign(node, { shape }) {
    const [input, regions] = [shape(node.input[0]), shape(node.input[1])];
    if (input?.length !== 4 || regions?.length !== 2) return undefined;
    return [[regions[0], input[1], intOf(node, 'output_height', 1), intOf(node, 'output_width', 1)]];
  },
};

/** Computes a window's output sizes, each if its input size is known. */
const swept = (window: Window | undefined, spatial: Shape, ceil = false): Dim[] =>
  spatial.map((size, axis) => {
    const count = window && typeof size === 'number' ? positions(window, axis, size, ceil) : undefined;
    return count !== undefined && count > 0 ? count : undefined;
  });

/** Returns the weight's shape if it fits the input: [M, C/groups, kernel], or transposed [C, M/groups, kernel]. */
function weightOf(node: Node, { shape }: Scope, inputAxis: number): readonly number[] | undefined {
  const [input, weight] = [shape(node.input[0]), numbers(shape(node.input[1]))];
  if (!input || !weight || weight.length < 3 || input.length !== weight.length) return undefined;
  const channels = weight[inputAxis] * (inputAxis ? groupsOf(node) : 1);
  return typeof input[1] === 'number' && input[1] !== channels ? undefined : weight;
}

function convolution(node: Node, scope: Scope): (Shape | undefined)[] | undefined {
  const [input, weight] = [scope.shape(node.input[0]), weightOf(node, scope, 1)];
  if (!input || !weight) return undefined;
  return [[input[0], weight[0], ...swept(convWindow(node, weight, input), input.slice(2))]];
}

function transposed(node: Node, scope: Scope): (Shape | undefined)[] | undefined {
  const [input, weight] = [scope.shape(node.input[0]), weightOf(node, scope, 0)];
  if (!input || !weight) return undefined;
  const kernel = weight.slice(2);
  const list = (name: string, other: number) =>
    intsOf(node, name) ?? Array<number>(kernel.length).fill(other);
  const [strides, dilations, extra] = [list('strides', 1), list('dilations', 1), list('output_padding', 0)];
  const pads = intsOf(node, 'pads') ?? Array<number>(2 * kernel.length).fill(0);
  const asked = intsOf(node, 'output_shape');
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  const spatial = kernel.map((taps, axis): Dim => {
    const size = input[axis + 2];
    if (asked?.length) return asked[asked.length - kernel.length + axis];
    if (typeof size !== 'number') return undefined;
    if (auto.startsWith('SAME')) return size * strides[axis];
    const padding = auto === 'VALID' ? 0 : pads[axis] + pads[axis + kernel.length];
    return strides[axis] * (size - 1) + extra[axis] + (taps - 1) * dilations[axis] + 1 - padding;
  });
  return [[input[0], weight[1] * groupsOf(node), ...spatial]];
}

function pool(node: Node, { shape }: Scope): (Shape | undefined)[] | undefined {
  const [input, kernel] = [shape(node.input[0]), intsOf(node, 'kernel_shape')];
  if (!input || kernel?.length !== input.length - 2) return undefined;
  const spatial = input.slice(2);
  const sizes = spatial.map((size) => (typeof size === 'number' ? size : undefined));
  const out = swept(windowOf(node, kernel, sizes), spatial, intOf(node, 'ceil_mode', 0) === 1);
  return node.output.map(() => [input[0], input[1], ...out]);
}
