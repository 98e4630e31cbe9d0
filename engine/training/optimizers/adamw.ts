import type { Builder } from '../emit/builder';
import type { Optimizer } from './rule';

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019) as in torch.optim.AdamW; `momentum` is its beta 1. The
 * moments' bias corrections are applied to the step size and epsilon, which are scalars, instead of to the vectors.
 */
export const adamw: Optimizer = {
  state: ['mean', 'variance'],

  update({
    builder,
    settings,
    parameters,
    gradients,
    clipping,
    state,
    learningRate,
    momentum,
    step,
    decayed,
  }) {
    const { beta2 = 0.999, epsilon = 1e-8 } = settings;
    const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
    const one = builder.scalar(1);
    const clip = clipping ?? one;
    const [mean, variance] = state;
    const ofMean = op('Mul', clip, op('Sub', one, momentum));
    const nextMean = op('Add', op('Mul', mean, momentum), op('Mul', gradients, ofMean));
    const ofVariance = op('Mul', op('Mul', clip, clip), builder.scalar(1 - beta2));
    const squared = op('Mul', op('Mul', gradients, gradients), ofVariance);
    const nextVariance = op('Add', op('Mul', variance, builder.scalar(beta2)), squared);

    const spread = op('Sqrt', correction(builder, exact(builder, beta2), step));
    const beta1 = builder.op('Cast', [momentum], { to: float64 });
    const rate = op('Mul', learningRate, op('Div', spread, correction(builder, beta1, step)));
    const deviation = op('Add', op('Sqrt', nextVariance), op('Mul', spread, builder.scalar(epsilon)));
    const kept = decayed?.((decay) => op('Sub', one, op('Mul', decay, learningRate))) ?? parameters;
    const moved = op('Mul', op('Div', nextMean, deviation), rate);
    return { parameters: op('Sub', kept, moved), state: [nextMean, nextVariance] };
  },
};

const [float32, float64] = [1, 11];
const exact = (builder: Builder, value: number) =>
  builder.constant({ type: 'float64', dims: [], data: Float64Array.of(value) });

/** Computes 1 - beta^step, in 64 bits throughout: what is left of 1 can be as small as 0.001. */
function correction(builder: Builder, beta: string, step: string): string {
  const power = builder.op('Pow', [beta, builder.op('Cast', [step], { to: float64 })]);
  return builder.op('Cast', [builder.op('Sub', [exact(builder, 1), power])], { to: float32 });
}
