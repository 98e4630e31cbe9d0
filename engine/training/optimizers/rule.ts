import type { Builder } from '../emit/builder';
import type { OptimizerSettings } from '../settings';

/** Values of a step: float32 vectors of one length, and scalars. */
export interface OptimizerContext {
  readonly builder: Builder;
  readonly settings: OptimizerSettings;
  readonly parameters: string;
  readonly gradients: string;
  /** Scalar factor of the gradients, if they are clipped. */
  readonly clipping: string | undefined;
  /** The optimizer's own vectors, in the order of its `state`. */
  readonly state: readonly string[];
  readonly learningRate: string;
  readonly momentum: string;
  /** The number of the step, from 1. */
  readonly step: string;
  /** Multiplies parameters by weight decay, of which `rate` makes the factor; undefined without decay. */
  readonly decayed: ((rate: (decay: string) => string) => string) | undefined;
}

/** An update rule: the names of the vectors that it keeps, which start at zero, and its step. */
export interface Optimizer {
  readonly state: readonly string[];
  readonly update: (context: OptimizerContext) => { parameters: string; state: readonly string[] };
}
