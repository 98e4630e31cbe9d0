import { floats } from '../tensor/tensor';
import type { Builder } from './builder';
import { adamw } from './optimizers/adamw';
import { sgd } from './optimizers/sgd';
import { type Layout, rowLength } from './parameters';

/** How gradients become steps. */
export interface OptimizerSettings {
  /** `sgd` by default. */
  readonly optimizer?: OptimizerName;
  /** Of SGD: whether the gradient is taken ahead, along the momentum (Nesterov, 1983; Sutskever et al., 2013). */
  readonly nesterov?: boolean;
  /** Of AdamW: decay of the second moment; by default 0.999. */
  readonly beta2?: number;
  /** Of AdamW: what the root of the second moment is raised by; by default 1e-8. */
  readonly epsilon?: number;
  readonly weightDecay: number;
  /**
   * What decays: the weights that multiply (the default), or `all` parameters. Decay bounds what a layer multiplies
   * with; a bias or the scale of a normalization has no capacity to bound, and decaying it pulls the function itself
   * towards zero (He et al., Bag of Tricks, 2019).
   */
  readonly decay?: 'weights' | 'all';
  /** Gradients whose global norm is larger are scaled down to it (Pascanu et al., 2013). */
  readonly clip?: number;
}

/** The values of a step: float32 vectors of one length, and scalars. */
export interface OptimizerContext {
  readonly builder: Builder;
  readonly settings: OptimizerSettings;
  readonly parameters: string;
  readonly gradients: string;
  /** A scalar that the gradients are to be multiplied with, where they are clipped. */
  readonly clipping: string | undefined;
  /** The optimizer's own vectors, in the order of its `state`. */
  readonly state: readonly string[];
  readonly learningRate: string;
  readonly momentum: string;
  /** The number of the step, from 1. */
  readonly step: string;
  /** Multiplies parameters with weight decay, which `rate` turns into the factor; undefined without decay. */
  readonly decayed: ((rate: (decay: string) => string) => string) | undefined;
}

/** An update rule: the names of the vectors that it keeps, which begin at zero, and a step of it. */
export interface Optimizer {
  readonly state: readonly string[];
  readonly update: (context: OptimizerContext) => { parameters: string; state: readonly string[] };
}

/** Optimizers, a row each. Elementwise over flat vectors, so that a step costs few passes over memory. */
export const optimizers = { sgd, adamw } satisfies Record<string, Optimizer>;

export type OptimizerName = keyof typeof optimizers;

export const optimizerNames = Object.keys(optimizers) as OptimizerName[];

/**
 * What gradients are multiplied with so that their global norm is at most `limit`, as
 * torch.nn.utils.clip_grad_norm_ has it.
 */
export function clippingOf(builder: Builder, gradients: string, limit: number): string {
  const norm = builder.op('ReduceL2', [gradients], { keepdims: 0 });
  const raised = builder.op('Add', [norm, builder.scalar(1e-6)]);
  return builder.op('Min', [builder.op('Div', [builder.scalar(limit), raised]), builder.scalar(1)]);
}

/**
 * Multiplies the parameters with what weight decay makes of them. Where only weights decay, the factor is one number a
 * row of `rowLength` parameters: weights come first and fill whole rows (`Layout`), so that no mask as large as the
 * model is needed, nor a pass over memory to part the two.
 */
export function decayedBy(
  builder: Builder,
  parameters: string,
  { size, weights }: Layout,
  { weightDecay, decay = 'weights' }: OptimizerSettings,
): OptimizerContext['decayed'] {
  if (!weightDecay || (decay === 'weights' && !weights)) return undefined;
  if (decay === 'all' || weights === size)
    return (rate) => builder.op('Mul', [parameters, rate(builder.scalar(weightDecay))]);
  const rows = size / rowLength;
  const decays = Float32Array.from({ length: rows }, (_, row) =>
    row * rowLength < weights ? weightDecay : 0,
  );
  return (rate) => {
    const factor = rate(builder.constant(floats([rows, 1], decays)));
    return builder.reshape(builder.op('Mul', [builder.reshape(parameters, [rows, rowLength]), factor]), [-1]);
  };
}
