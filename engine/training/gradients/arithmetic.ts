import type { GradientContext, GradientRule } from '../gradients';

/** Sums `gradient`, of the shape of `from`, over the axes along which `value` was broadcast to it. */
export function unbroadcast(
  { builder, shapeOf }: GradientContext,
  gradient: string,
  value: string,
  from: string,
) {
  const to = shapeOf(value);
  const full = shapeOf(from);
  const missing = full.length - to.length;
  const summed = full.flatMap((dim, axis) => (axis < missing || to[axis - missing] !== dim ? [axis] : []));
  if (!summed.length) return gradient;
  const sum = builder.reduceSum(gradient, summed, true);
  return missing ? builder.reshape(sum, to) : sum;
}

const each = (rule: (context: GradientContext, at: 0 | 1) => string): GradientRule => {
  return (context) =>
    ([0, 1] as const).map((at) =>
      context.wants(at)
        ? unbroadcast(context, rule(context, at), context.inputs[at], context.output)
        : undefined,
    );
};

/** The four operations, with NumPy's broadcasting. */
export const arithmetic: Readonly<Record<string, GradientRule>> = {
  Add: each(({ dy }) => dy),

  Sub: each(({ builder, dy }, at) => (at ? builder.op('Neg', [dy]) : dy)),

  Mul: each(({ builder, dy, inputs }, at) => builder.op('Mul', [dy, inputs[1 - at]])),

  Div: each(({ builder, dy, inputs, output }, at) => {
    const quotient = builder.op('Div', [dy, inputs[1]]);
    return at ? builder.op('Neg', [builder.op('Mul', [quotient, output])]) : quotient;
  }),
};
