import type { GradientContext, GradientRule } from './rule';
import { algebra } from '../emit/algebra';

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

/** Makes a rule from the gradient of each input, summed over the axes along which it was broadcast. */
const each =
  (rule: (context: GradientContext, at: number) => string | undefined): GradientRule =>
  (context) =>
    context.inputs.map((input, at) => {
      const gradient = context.wants(at) ? rule(context, at) : undefined;
      return gradient && unbroadcast(context, gradient, input, context.output);
    });

/** Passes the gradient to the smallest or largest input, shared evenly among equal ones, as PyTorch's maximum does. */
const extremum = each(({ builder, inputs, output, dy }, at) => {
  const { mul, div, equal, indicator } = algebra(builder);
  const chosen = inputs.map((input) => indicator(equal(input, output)));
  const share = chosen.length > 1 ? div(dy, builder.op('Sum', chosen)) : dy;
  return mul(share, chosen[at]);
});

/** Operations on several tensors, element by element, with NumPy's broadcasting. */
export const arithmetic: Readonly<Record<string, GradientRule>> = {
  Add: each(({ dy }) => dy),
  Sum: each(({ dy }) => dy),
  Mean: each(({ builder, inputs, dy }) => algebra(builder).mul(dy, 1 / inputs.length)),

  Sub: each(({ builder, dy }, at) => (at ? builder.op('Neg', [dy]) : dy)),

  Mul: each(({ builder, dy, inputs }, at) => builder.op('Mul', [dy, inputs[1 - at]])),

  Div: each(({ builder, dy, inputs, output }, at) => {
    const quotient = builder.op('Div', [dy, inputs[1]]);
    return at ? builder.op('Neg', [builder.op('Mul', [quotient, output])]) : quotient;
  }),

  /** The exponent's gradient is taken as 0 if the base is 0. */
  Pow: each(({ builder, dy, inputs: [x, p], output, constantOf }, at) => {
    const { mul, sub, pow, log, equal, where } = algebra(builder);
    if (at) return mul(dy, where(equal(x, 0), 0, mul(output, log(x))));
    const known = constantOf(p);
    if (known?.length === 1) return mul(dy, known[0] === 2 ? mul(x, 2) : mul(pow(x, known[0] - 1), known[0]));
    const power = builder.op('Cast', [p], { to: 1 });
    return mul(dy, mul(pow(x, sub(power, 1)), power));
  }),

  Min: extremum,
  Max: extremum,

  Where: each(({ builder, dy, inputs: [condition] }, at) => {
    const { where } = algebra(builder);
    return at === 1 ? where(condition, dy, 0) : where(condition, 0, dy);
  }),

  /** At 0 the slope is the learned one, as in PyTorch. */
  PRelu: each(({ builder, dy, inputs: [x, learned] }, at) => {
    const { where, greater, mul } = algebra(builder);
    return where(greater(x, 0), at ? 0 : dy, mul(dy, at ? x : learned));
  }),
};
