import type { Builder } from '../emit/builder';
import type { OptimizerSettings } from '../settings';

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
