import { floatOf, stringOf } from '../../onnx/node-attributes';
import type { GradientContext, GradientRule } from './rule';
import { algebra } from '../emit/algebra';

type Algebra = ReturnType<typeof algebra>;

/** Makes a rule dX = dY · slope, for an element-wise function. */
const slope =
  (rule: (of: Algebra, x: string, y: string, context: GradientContext) => string): GradientRule =>
  (context) => {
    const { builder, inputs, output, dy } = context;
    const of = algebra(builder);
    return [of.mul(dy, rule(of, inputs[0], output, context))];
  };

const twoOverRootPi = 2 / Math.sqrt(Math.PI);
const rootTwoPi = Math.sqrt(2 * Math.PI);

/** Activation functions, element by element. */
export const activation: Readonly<Record<string, GradientRule>> = {
  Relu: slope(({ indicator, greater }, _, y) => indicator(greater(y, 0))),

  LeakyRelu({ builder, node, inputs, dy }) {
    const { where, greater, mul } = algebra(builder);
    return [where(greater(inputs[0], 0), dy, mul(dy, floatOf(node, 'alpha', 0.01)))];
  },

  ThresholdedRelu: slope(({ indicator, greater }, x, _, { node }) =>
    indicator(greater(x, floatOf(node, 'alpha', 1))),
  ),

  /** Zero at the bounds themselves, as in PyTorch's relu6 and hardtanh. */
  Clip({ builder, inputs: [x, low, high], dy }) {
    const { mul, indicator, greater, less } = algebra(builder);
    const above = low ? mul(dy, indicator(greater(x, low))) : dy;
    return [high ? mul(above, indicator(less(x, high))) : above];
  },

  Sigmoid({ builder, output, dy }) {
    const { mul, sub } = algebra(builder);
    return [mul(mul(dy, output), sub(1, output))];
  },

  HardSigmoid({ builder, node, output, dy }) {
    const { greater, less, indicator, mul } = algebra(builder);
    const inside = builder.op('And', [greater(output, 0), less(output, 1)]);
    return [mul(mul(dy, floatOf(node, 'alpha', 0.2)), indicator(inside))];
  },

  /** x · clip(x/6 + 1/2, 0, 1): slope 0 up to -3, 1 from 3 on, x/3 + 1/2 between. */
  HardSwish: slope(({ add, mul, where, greater, less }, x) => {
    const below = where(greater(x, -3), add(mul(x, 1 / 3), 0.5), 0);
    return where(less(x, 3), below, 1);
  }),

  /** x · sigmoid(alpha · x); SiLU if alpha is 1. */
  Swish: slope(({ add, sub, mul, sigmoid }, x, y, { node }) => {
    const alpha = floatOf(node, 'alpha', 1);
    const gate = sigmoid(mul(x, alpha));
    return add(gate, mul(mul(y, alpha), sub(1, gate)));
  }),

  /** x · Φ(x) with the normal distribution's Φ, or its approximation by tanh (Hendrycks and Gimpel, 2016). */
  Gelu: slope((of, x, _, { node }) =>
    stringOf(node, 'approximate', 'none') === 'tanh' ? tanhGelu(of, x) : erfGelu(of, x),
  ),

  Tanh: slope(({ sub, mul }, _, y) => sub(1, mul(y, y))),
  Erf: slope(({ mul, exp, neg }, x) => mul(exp(neg(mul(x, x))), twoOverRootPi)),
  Softplus: slope(({ sigmoid }, x) => sigmoid(x)),

  Softsign: slope(({ add, abs, div, mul }, x) => {
    const size = add(abs(x), 1);
    return div(1, mul(size, size));
  }),

  /** x · tanh(softplus(x)) (Misra, 2019). */
  Mish: slope(({ add, sub, mul, tanh, softplus, sigmoid }, x) => {
    const gate = tanh(softplus(x));
    return add(gate, mul(mul(x, sigmoid(x)), sub(1, mul(gate, gate))));
  }),

  Elu: slope(({ where, greater, add }, x, y, { node }) =>
    where(greater(x, 0), 1, add(y, floatOf(node, 'alpha', 1))),
  ),

  Celu: slope(({ where, greater, add, mul }, x, y, { node }) =>
    where(greater(x, 0), 1, add(mul(y, 1 / floatOf(node, 'alpha', 1)), 1)),
  ),

  Selu: slope(({ where, greater, add }, x, y, { node }) => {
    const alpha = floatOf(node, 'alpha', 1.6732632423543772);
    const gamma = floatOf(node, 'gamma', 1.0507009873554805);
    return where(greater(x, 0), gamma, add(y, alpha * gamma));
  }),
};

function erfGelu({ add, mul, exp, erf }: Algebra, x: string): string {
  const below = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = mul(exp(mul(mul(x, x), -0.5)), 1 / rootTwoPi);
  return add(below, mul(x, density));
}

function tanhGelu({ add, sub, mul, tanh }: Algebra, x: string): string {
  const [root, cube] = [Math.sqrt(2 / Math.PI), 0.044715];
  const square = mul(x, x);
  const bent = tanh(mul(mul(x, add(mul(square, cube), 1)), root));
  const rate = mul(add(mul(square, 3 * cube), 1), root);
  const part = mul(mul(x, rate), sub(1, mul(bent, bent)));
  return mul(add(add(part, bent), 1), 0.5);
}
