import type { Builder } from './builder';

/** The values of an optimizer's step: float32 vectors of one length, and scalars for the rates. */
export interface OptimizerStep {
  readonly parameters: string;
  readonly momenta: string;
  readonly gradients: string;
  readonly learningRate: string;
  readonly momentum: string;
  readonly weightDecay: number;
}

/**
 * Stochastic gradient descent with momentum as torch.optim.SGD has it: m' = momentum · m + (g + weightDecay · p),
 * p' = p - learningRate · m'. Momenta begin at zero, which equals PyTorch's first step.
 */
export function sgd(
  builder: Builder,
  { parameters, momenta, gradients, learningRate, momentum, weightDecay }: OptimizerStep,
): { parameters: string; momenta: string } {
  const decayed = weightDecay
    ? builder.op('Add', [gradients, builder.op('Mul', [parameters, builder.scalar(weightDecay)])])
    : gradients;
  const moved = builder.op('Add', [builder.op('Mul', [momenta, momentum]), decayed]);
  return {
    parameters: builder.op('Sub', [parameters, builder.op('Mul', [moved, learningRate])]),
    momenta: moved,
  };
}
