import { numbersOf } from '../tensor/tensor';
import { intOf, intsOf } from './attributes';
import type { Dim, Graph, Node } from './graph';
import { moves, type Rule, type Scope, type Shape, wrap } from './shape-moves';
import { knownValues } from './shape-values';
import { convWindow, positions, windowOf } from './window';

export type { Shape } from './shape-moves';
/** Shapes by value; what is not known is missing. */
export type Shapes = ReadonlyMap<string, Shape>;

const pointwise = [
  'Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu Softplus Softsign Mish Gelu Swish Erf Exp Log Sqrt',
  'Abs Neg Reciprocal Floor Ceil Round Sign Identity Cast Dropout Softmax LogSoftmax BatchNormalization InstanceNormalization',
  'LayerNormalization GroupNormalization RMSNormalization LRN Not Sin Cos ThresholdedRelu Shrink Hardmax CastLike',
].flatMap((line) => line.split(' '));
const arithmetic =
  'Add Sub Mul Div Mod Pow Max Min Sum Mean Where Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor'.split(
    ' ',
  );
const reductions =
  'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare'.split(
    ' ',
  );

/** One row an operator; one that is missing leaves its outputs unknown, never guessed. */
const rules: Record<string, Rule> = {
  Conv: convolution,
  Gemm(node, { shape }) {
    const [a, b] = [shape(node.input[0]), shape(node.input[1])];
    return [[a?.[intOf(node, 'transA', 0)], b?.[1 - intOf(node, 'transB', 0)]]];
  },
  MatMul(node, { shape }) {
    const [a, b] = [shape(node.input[0]), shape(node.input[1])];
    if (!a?.length || !b?.length) return undefined;
    const stack = broadcast([a.slice(0, -2), b.slice(0, -2)]);
    // An operand of one axis is a row or a column, whose axis of 1 is not seen in the result.
    return stack && [[...stack, ...a.slice(0, -1).slice(-1), ...(b.length > 1 ? b.slice(-1) : [])]];
  },
  MaxPool: pool,
  AveragePool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  Flatten(node, { shape }) {
    const input = shape(node.input[0]);
    if (!input) return undefined;
    const axis = wrap(intOf(node, 'axis', 1), input.length);
    return [[product(input.slice(0, axis)), product(input.slice(axis))]];
  },
  Reshape(node, { shape, values }) {
    const [input, target] = [shape(node.input[0]), values.get(node.input[1])];
    return target && [reshaped(input, target, intOf(node, 'allowzero', 0) === 1)];
  },
  Transpose(node, { shape }) {
    const input = shape(node.input[0]);
    const order = intsOf(node, 'perm') ?? input?.map((_, axis) => input.length - 1 - axis);
    return input && [order!.map((axis) => input[axis])];
  },
  Squeeze(node, scope) {
    const input = scope.shape(node.input[0]);
    const axes = axesOf(node, scope)?.map((axis) => wrap(axis, input?.length ?? 0));
    if (node.input[1] && !axes) return undefined;
    return input && [input.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1))];
  },
  Unsqueeze(node, scope) {
    const [input, axes] = [scope.shape(node.input[0]), axesOf(node, scope)];
    if (!input || !axes) return undefined;
    const out: Dim[] = [...input];
    for (const axis of axes.map((a) => wrap(a, input.length + axes.length)).sort((a, b) => a - b))
      out.splice(axis, 0, 1);
    return [out];
  },
  Concat(node, { shape }) {
    const shapes = node.input.map(shape);
    const first = shapes[0];
    if (!first || shapes.some((s) => s?.length !== first.length)) return undefined;
    const axis = wrap(intOf(node, 'axis', 0), first.length);
    const total = shapes.reduce<Dim>(
      (sum, s) => (typeof sum === 'number' && typeof s![axis] === 'number' ? sum + s![axis] : undefined),
      0,
    );
    return [first.map((dim, at) => (at === axis ? total : dim))];
  },
  Pad(node, { shape, values }) {
    const input = shape(node.input[0]);
    const pads = intsOf(node, 'pads') ?? values.get(node.input[1]);
    if (!input || pads?.length !== 2 * input.length || node.input[3]) return undefined;
    return [
      input.map((dim, axis) => {
        const added = plus(pads[axis], pads[axis + input.length]);
        return added === 0 ? dim : plus(dim, added);
      }),
    ];
  },
  Shape(node, { shape }) {
    const rank = shape(node.input[0])?.length;
    if (rank === undefined) return undefined;
    const all = Array<number>(rank).fill(0);
    return [[all.slice(intOf(node, 'start', 0), intOf(node, 'end', rank)).length]];
  },
  Expand(node, { shape, values }) {
    const [input, target] = [shape(node.input[0]), values.get(node.input[1])];
    return input && target && [broadcast([input, target])];
  },
  ...moves,
  ...Object.fromEntries(
    pointwise.map((op) => [op, ((node, { shape }) => [shape(node.input[0])]) satisfies Rule]),
  ),
  ...Object.fromEntries(
    arithmetic.map((op) => [op, ((node, { shape }) => [broadcast(node.input.map(shape))]) satisfies Rule]),
  ),
  ...Object.fromEntries(reductions.map((op) => [op, reduction])),
};

/**
 * Shapes of all values of the graph, with the batch kept as the symbol that the model gives it. Values that an
 * operator without a rule computes, and what follows from them, are missing.
 */
export function inferShapes(graph: Graph): Shapes {
  const shapes = new Map<string, Shape>();
  for (const { name, dims } of graph.inputs) if (dims) shapes.set(name, dims);
  for (const name of graph.initializers) {
    const dims = graph.constant(name)?.dims;
    if (dims) shapes.set(name, dims);
  }
  const shape = (value: string | undefined) => (value ? shapes.get(value) : undefined);
  const values = knownValues(graph, shape);
  for (const node of graph.nodes) {
    const results = node.domain ? undefined : rules[node.opType]?.(node, { graph, shape, values });
    results?.forEach((result, at) => result && node.output[at] && shapes.set(node.output[at], result));
  }
  return shapes;
}

const plus = (a: Dim, b: Dim): Dim => (typeof a === 'number' && typeof b === 'number' ? a + b : undefined);

/** The product of dimensions; a single symbol among ones stays that symbol. */
function product(dims: Shape): Dim {
  const rest = dims.filter((dim) => dim !== 1);
  if (rest.length === 1) return rest[0];
  return rest.every((dim) => typeof dim === 'number') ? rest.reduce((a: number, b) => a * b, 1) : undefined;
}

/** NumPy's broadcasting; two different symbols, or an unknown next to a symbol, give an unknown. */
function broadcast(shapes: (Shape | undefined)[]): Shape | undefined {
  if (shapes.some((s) => !s)) return undefined;
  const rank = Math.max(...shapes.map((s) => s!.length));
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes
      .map((s) => s![axis - rank + s!.length])
      .filter((dim, i) => axis - rank + shapes[i]!.length >= 0 && dim !== 1);
    return dims.length === 0
      ? 1
      : dims.every((dim) => dim === dims[0])
        ? dims[0]
        : dims.find((dim) => typeof dim === 'number');
  });
}

function spatialSizes(node: Node, input: Shape, kernel: readonly number[], ceil: boolean): Dim[] {
  const spatial = kernel.map((_, axis) =>
    typeof input[axis + 2] === 'number' ? (input[axis + 2] as number) : undefined,
  );
  const window = windowOf(node, kernel, spatial);
  return spatial.map((size, axis) =>
    window && size !== undefined ? positions(window, axis, size, ceil) : undefined,
  );
}

function convolution(node: Node, { shape }: Scope): (Shape | undefined)[] | undefined {
  const [input, weight] = [shape(node.input[0]), shape(node.input[1])];
  if (!input || !weight?.every((dim) => typeof dim === 'number')) return undefined;
  const window = convWindow(node, weight, input);
  const spatial = weight.slice(2).map((_, axis) => {
    const size = input[axis + 2];
    return window && typeof size === 'number' ? positions(window, axis, size) : undefined;
  });
  return [[input[0], weight[0], ...spatial]];
}

function pool(node: Node, { shape }: Scope): (Shape | undefined)[] | undefined {
  const [input, kernel] = [shape(node.input[0]), intsOf(node, 'kernel_shape')];
  if (!input || !kernel) return undefined;
  return [[input[0], input[1], ...spatialSizes(node, input, kernel, intOf(node, 'ceil_mode', 0) === 1)]];
}

function globalPool(node: Node, { shape }: Scope): (Shape | undefined)[] | undefined {
  const input = shape(node.input[0]);
  return input && [[input[0], input[1], ...input.slice(2).map(() => 1)]];
}

/** Axes as the attribute of older operator sets or the input of newer ones. */
function axesOf(node: Node, { graph, values }: Scope): number[] | undefined {
  const constant = graph.constant(node.input[1]);
  return (
    intsOf(node, 'axes') ??
    (constant ? numbersOf(constant) : (values.get(node.input[1]) as number[] | undefined))
  );
}

function reduction(node: Node, scope: Scope): (Shape | undefined)[] | undefined {
  const input = scope.shape(node.input[0]);
  const given = axesOf(node, scope);
  if (!input || (node.input[1] && !given)) return undefined;
  const none = !given?.length;
  if (none && intOf(node, 'noop_with_empty_axes', 0) === 1) return [input];
  const axes = none ? input.map((_, axis) => axis) : given.map((axis) => wrap(axis, input.length));
  const keep = intOf(node, 'keepdims', 1) === 1;
  return [input.flatMap((dim, axis) => (axes.includes(axis) ? (keep ? [1] : []) : [dim]))];
}

function reshaped(input: Shape | undefined, target: Shape, allowZero: boolean): Shape {
  const out: Dim[] = target.map((dim, axis) => (dim === 0 && !allowZero ? input?.[axis] : dim));
  const open = out.indexOf(-1);
  if (open < 0) return out;
  out[open] = undefined;
  if (!input) return out;
  out[open] = quotient(
    input,
    out.filter((_, axis) => axis !== open),
  );
  return out;
}

/** What is left of the size of `dims` when divided by that of `others`: a number, a symbol, or unknown. */
function quotient(dims: Shape, others: Shape): Dim {
  if ([...dims, ...others].includes(undefined)) return undefined;
  const left = dims.filter((dim): dim is string => typeof dim === 'string');
  for (const dim of others) {
    if (typeof dim !== 'string') continue;
    if (!left.includes(dim)) return undefined;
    left.splice(left.indexOf(dim), 1);
  }
  const size = (shape: Shape) =>
    shape.reduce<number>((all, dim) => (typeof dim === 'number' ? all * dim : all), 1);
  const ratio = size(dims) / size(others);
  return left.length === 0 ? ratio : left.length === 1 && ratio === 1 ? left[0] : undefined;
}
