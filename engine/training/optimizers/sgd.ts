import type { Optimizer } from './rule';

/**
 * Stochastic gradient descent as in torch.optim.SGD: m' = momentum · m + (g + weightDecay · p), p' = p - learningRate ·
 * m'; with Nesterov's momentum p' = p - learningRate · (g + weightDecay · p + momentum · m'). Momenta start at zero,
 * which equals PyTorch's first step.
 */
export const sgd: Optimizer = {
  state: ['momenta'],

  update({ builder, settings, parameters, gradients, clipping, state, learningRate, momentum, decayed }) {
    const clipped = clipping ? builder.op('Mul', [gradients, clipping]) : gradients;
    const whole = decayed ? builder.op('Add', [clipped, decayed((decay) => decay)]) : clipped;
    const momenta = builder.op('Add', [builder.op('Mul', [state[0], momentum]), whole]);
    const direction = settings.nesterov
      ? builder.op('Add', [whole, builder.op('Mul', [momenta, momentum])])
      : momenta;
    return {
      parameters: builder.op('Sub', [parameters, builder.op('Mul', [direction, learningRate])]),
      state: [momenta],
    };
  },
};
