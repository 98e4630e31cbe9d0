import fc from 'fast-check';

import { floats, sizeOf } from '../../../../../engine/tensor/tensor';
import type { Example, Values } from '../differences';
import { broadcasts, input, type Rows, scalar, seeds, shapes } from './arbitraries';

const alpha = fc.integer({ min: 1, max: 12 }).map((eighths) => eighths / 8);

/** Functions of one tensor, with attributes drawn from `attributes`. */
const unary = (
  op: string,
  values: Values,
  attributes: fc.Arbitrary<Example['attributes']> = fc.constant(undefined),
  opset?: number,
) =>
  fc
    .record({ dims: shapes(), attributes, seed: seeds })
    .map(({ dims, ...rest }): Example => ({ op, inputs: [input(dims, values)], opset, ...rest }));

const only = (name: string) => alpha.map((value) => ({ [name]: value }));

/** Operations on a tensor and others that broadcast to it or with it. */
const several = (op: string, count: number, left: Values, right: Values) =>
  fc.tuple(broadcasts, fc.boolean(), seeds).map(([[full, ...parts], swap, seed]): Example => {
    const all = [input(full, left), input(parts[0], right), input(parts[1], right)].slice(0, count);
    return { op, inputs: swap && left === right ? all.reverse() : all, seed };
  });

const bound = fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined });

/** Activations and arithmetic. */
export const pointwise: Rows = {
  Relu: unary('Relu', 'stepped'),
  LeakyRelu: unary('LeakyRelu', 'stepped', only('alpha')),
  ThresholdedRelu: unary('ThresholdedRelu', 'stepped', fc.constantFrom({ alpha: 1 }, { alpha: -0.5 })),
  Clip: fc.tuple(shapes(), bound, bound, seeds).map(([dims, low, high, seed]) => ({
    op: 'Clip',
    inputs: [
      input(dims, 'stepped'),
      low === undefined ? undefined : scalar(Math.min(low, high ?? low)),
      high === undefined ? undefined : scalar(high),
    ],
    seed,
  })),
  Sigmoid: unary('Sigmoid', 'normal'),
  HardSigmoid: unary(
    'HardSigmoid',
    'stepped',
    fc.constantFrom({ alpha: 0.5, beta: 0.5 }, { alpha: 0.25, beta: 0.5 }),
  ),
  HardSwish: unary('HardSwish', 'stepped'),
  Swish: unary('Swish', 'normal', only('alpha'), 24),
  Gelu: unary('Gelu', 'normal', fc.constantFrom({ approximate: 'none' }, { approximate: 'tanh' })),
  Tanh: unary('Tanh', 'normal'),
  Erf: unary('Erf', 'normal'),
  Softplus: unary('Softplus', 'normal'),
  Softsign: unary('Softsign', 'stepped'),
  Mish: unary('Mish', 'normal'),
  Elu: unary('Elu', 'stepped', only('alpha')),
  Celu: unary(
    'Celu',
    'stepped',
    alpha.map((value) => ({ alpha: value + 0.5 })),
  ),
  Selu: unary('Selu', 'stepped', fc.record({ alpha, gamma: alpha })),
  Identity: unary('Identity', 'normal'),
  Dropout: unary('Dropout', 'normal'),
  Cast: unary('Cast', 'normal', fc.constant({ to: 1 })),
  Neg: unary('Neg', 'normal'),
  Abs: unary('Abs', 'stepped'),
  Exp: unary('Exp', 'normal'),
  Log: unary('Log', 'positive'),
  Sin: unary('Sin', 'normal'),
  Cos: unary('Cos', 'normal'),
  Sqrt: unary('Sqrt', 'positive'),
  Reciprocal: unary('Reciprocal', 'positive'),
  Floor: unary('Floor', 'stepped'),
  Ceil: unary('Ceil', 'stepped'),
  Round: unary('Round', 'stepped'),
  Sign: unary('Sign', 'stepped'),
  Add: several('Add', 2, 'normal', 'normal'),
  Sub: several('Sub', 2, 'normal', 'normal'),
  Mul: several('Mul', 2, 'normal', 'normal'),
  Div: several('Div', 2, 'normal', 'positive'),
  Pow: fc.oneof(
    several('Pow', 2, 'positive', 'normal'),
    fc.tuple(shapes(), fc.constantFrom(2, 3, 0.5, -1), seeds).map(([dims, power, seed]) => ({
      op: 'Pow',
      inputs: [input(dims, 'positive'), scalar(power)],
      seed,
    })),
  ),
  Sum: several('Sum', 3, 'normal', 'normal'),
  Mean: several('Mean', 3, 'normal', 'normal'),
  Min: extremes('Min'),
  Max: extremes('Max'),
  PRelu: several('PRelu', 2, 'stepped', 'normal'),
  Where: fc.tuple(broadcasts, seeds).map(([[full, a, b], seed]) => ({
    op: 'Where',
    inputs: [condition(full, seed), input(a), input(b)],
    seed,
  })),
};

/** The least or greatest of odd eighths and halves, which are never near each other. */
function extremes(op: string) {
  return fc.tuple(broadcasts, seeds).map(([[full, part], seed]) => {
    const halves = Float32Array.from({ length: sizeOf(part) }, (_, at) => ((at * 7 + seed) % 16) / 2 - 4);
    return { op, inputs: [input(full, 'stepped'), floats(part, halves)], seed };
  });
}

function condition(dims: readonly number[], seed: number) {
  const data = Uint8Array.from({ length: sizeOf(dims) }, (_, at) => (at * 5 + seed) % 2);
  return { type: 'bool' as const, dims, data };
}
