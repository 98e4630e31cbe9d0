import { intOf, intsOf } from '../../onnx/attributes';
import type { GradientContext, GradientRule } from '../gradients';

/** The axes a reduction sums over, in either operator set's form. */
function axesOf({ node, inputs, shapeOf, constantOf }: GradientContext): number[] {
  const rank = shapeOf(inputs[0]).length;
  const given = constantOf(inputs[1]) ?? intsOf(node, 'axes') ?? [];
  if (given.length) return given.map((axis) => (axis + rank) % rank);
  return intOf(node, 'noop_with_empty_axes', 0) ? [] : [...Array(rank).keys()];
}

/** `dy` spread back over the reduced axes. */
function spread(context: GradientContext, axes: readonly number[]): string {
  const { builder, inputs, dy, shapeOf } = context;
  const kept = shapeOf(inputs[0]).map((dim, axis) => (axes.includes(axis) ? 1 : dim));
  return builder.expandLike(builder.reshape(dy, kept), inputs[0]);
}

/** Elements of the input for each of the output, as a float32 scalar; computed where the batch is reduced. */
function perOutput({ builder, inputs, output, shapeOf }: GradientContext, axes: readonly number[]): string {
  const reduced = axes.map((axis) => shapeOf(inputs[0])[axis]);
  if (reduced.every((dim) => dim >= 0)) return builder.scalar(reduced.reduce((a, b) => a * b, 1));
  const float = (value: string) => builder.op('Cast', [builder.op('Size', [value])], { to: 1 });
  return builder.op('Div', [float(inputs[0]), float(output)]);
}

/** The axes of Softmax: one of them, or, before operator set 13, all from it on. */
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
