import type { GradientRule } from './rule';
import { algebra } from '../emit/algebra';

const rule =
  (gradient: (of: ReturnType<typeof algebra>, dy: string, x: string, y: string) => string): GradientRule =>
  ({ builder, inputs, output, dy }) => [gradient(algebra(builder), dy, inputs[0], output)];

const constant: GradientRule = () => [];

/** Elementary functions, element by element. */
export const pointwise: Readonly<Record<string, GradientRule>> = {
  Identity: ({ dy }) => [dy],
  /** Fine-tuning runs Dropout as in inference. */
  Dropout: ({ dy }) => [dy],

  Cast: ({ builder, inputs, dy, typeOf }) => [builder.op('Cast', [dy], { to: typeOf(inputs[0]) })],

  Neg: rule(({ neg }, dy) => neg(dy)),
  Abs: rule(({ mul, sign }, dy, x) => mul(dy, sign(x))),
  Exp: rule(({ mul }, dy, _, y) => mul(dy, y)),
  Log: rule(({ div }, dy, x) => div(dy, x)),
  Sin: rule(({ mul, cos }, dy, x) => mul(dy, cos(x))),
  Cos: rule(({ mul, sin, neg }, dy, x) => neg(mul(dy, sin(x)))),
  Sqrt: rule(({ div, mul }, dy, _, y) => div(mul(dy, 0.5), y)),
  Reciprocal: rule(({ mul, neg }, dy, _, y) => neg(mul(dy, mul(y, y)))),

  // Constant between jumps, so nothing flows through them, as in PyTorch.
  Floor: constant,
  Ceil: constant,
  Round: constant,
  Sign: constant,
};
