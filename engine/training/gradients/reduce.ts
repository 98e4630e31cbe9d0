import { intOf, intsOf } from '../../onnx/node-attributes';
import type { GradientContext, GradientRule } from './rule';
import { algebra } from '../emit/algebra';

/** Reads the axes a reduction sums over, in either opset's form. */
function axesOf({ node, inputs, shapeOf, constantOf }: GradientContext): number[] {
  const rank = shapeOf(inputs[0]).length;
  const given = constantOf(inputs[1]) ?? intsOf(node, 'axes') ?? [];
  if (given.length) return given.map((axis) => (axis + rank) % rank);
  return intOf(node, 'noop_with_empty_axes', 0) ? [] : [...Array(rank).keys()];
}

/** The output, or a value of its shape, with the reduced axes kept at length 1. */
function kept({ builder, inputs, shapeOf }: GradientContext, axes: readonly number[], value: string): string {
  return builder.reshape(
    value,
    shapeOf(inputs[0]).map((dim, axis) => (axes.includes(axis) ? 1 : dim)),
  );
}

/** Broadcasts `dy` back over the reduced axes. */
const spread = (context: GradientContext, axes: readonly number[]): string =>
  context.builder.expandLike(kept(context, axes, context.dy), context.inputs[0]);

/** Computes dX from X, and from Y and dY with the reduced axes kept. */
const folding =
  (rule: (of: ReturnType<typeof algebra>, x: string, y: string, dy: string) => string): GradientRule =>
  (context) => {
    const { builder, inputs, output, dy } = context;
    const axes = axesOf(context);
    return [rule(algebra(builder), inputs[0], kept(context, axes, output), kept(context, axes, dy))];
  };

/** Passes the gradient to the extreme elements, shared evenly among equal ones, as PyTorch's amax does. */
const extremum: GradientRule = (context) => {
  const { builder, inputs, output, dy } = context;
  const { mul, div, equal, indicator } = algebra(builder);
  const axes = axesOf(context);
  const chosen = indicator(equal(inputs[0], kept(context, axes, output)));
  return [mul(chosen, div(kept(context, axes, dy), builder.reduceSum(chosen, axes, true)))];
};

/** Keeps a division by a norm finite if that is 0, along with everything that it scales. */
const tiny = 1e-30;

/** Returns the number of input elements per output element, as a float32 scalar; computed if the batch is reduced. */
function perOutput({ builder, inputs, output, shapeOf }: GradientContext, axes: readonly number[]): string {
  const reduced = axes.map((axis) => shapeOf(inputs[0])[axis]);
  if (reduced.every((dim) => dim >= 0)) return builder.scalar(reduced.reduce((a, b) => a * b, 1));
  const float = (value: string) => builder.op('Cast', [builder.op('Size', [value])], { to: 1 });
  return builder.op('Div', [float(inputs[0]), float(output)]);
}

/** Returns the axes of Softmax: one of them or, before opset 13, all from it on. */
function softmaxAxes({ builder, node, inputs, shapeOf }: GradientContext): number[] {
  const rank = shapeOf(inputs[0]).length;
  const modern = builder.opset >= 13;
  const axis = (intOf(node, 'axis', modern ? -1 : 1) + rank) % rank;
  return modern ? [axis] : [...Array(rank).keys()].slice(axis);
}

/** Sums and means over axes, and the functions made of them. */
export const reduce: Readonly<Record<string, GradientRule>> = {
  ReduceSum: (context) => [spread(context, axesOf(context))],

  ReduceMean(context) {
    const { builder, dy } = context;
    const axes = axesOf(context);
    return [spread({ ...context, dy: builder.op('Div', [dy, perOutput(context, axes)]) }, axes)];
  },

  ReduceMax: extremum,
  ReduceMin: extremum,
  ReduceL1: folding(({ mul, sign }, x, _, dy) => mul(sign(x), dy)),
  ReduceL2: folding(({ mul, div, max }, x, y, dy) => mul(x, div(dy, max(y, tiny)))),
  ReduceSumSquare: folding(({ mul }, x, _, dy) => mul(x, mul(dy, 2))),
  ReduceLogSumExp: folding(({ mul, exp, sub }, x, y, dy) => mul(exp(sub(x, y)), dy)),

  Softmax(context) {
    const { builder, dy, output } = context;
    const sum = builder.reduceSum(builder.op('Mul', [dy, output]), softmaxAxes(context), true);
    return [builder.op('Mul', [builder.op('Sub', [dy, sum]), output])];
  },

  LogSoftmax(context) {
    const { builder, dy, output } = context;
    const sum = builder.reduceSum(dy, softmaxAxes(context), true);
    return [builder.op('Sub', [dy, builder.op('Mul', [builder.op('Exp', [output]), sum])])];
  },
};
