import type { Augmentation } from './batches/augment';

/** Names that settings can have; each has a row in the table of its kind. */
export const lossNames = ['cross-entropy', 'mean-squared-error', 'binary-cross-entropy'] as const;
/** Name of a loss. */
export type LossName = (typeof lossNames)[number];
/** Names of optimizers. */
export const optimizerNames = ['sgd', 'adamw'] as const;
/** Name of an optimizer. */
export type OptimizerName = (typeof optimizerNames)[number];
/** Names of learning rate schedules. */
export const scheduleNames = ['one-cycle', 'constant', 'step', 'cosine'] as const;
/** Name of a learning rate schedule. */
export type ScheduleName = (typeof scheduleNames)[number];
/** Parameters that weight decay applies to. */
export const decayNames = ['weights', 'all'] as const;
/** Modes of BatchNormalization in training. */
export const batchNormNames = ['train', 'frozen', 'restore'] as const;
/** Precisions to train in. */
export const precisionNames = ['float32', 'mixed', 'auto'] as const;
/** Functions of the logits that distillation compares. */
export const comparedLogits = ['kl', 'mse', 'heads', 'none'] as const;

/** Statistics used by BatchNormalization in training: the batch's own, or the running ones, as in inference. */
export type BatchNormMode = 'batch' | 'running';

/** Settings of a training. */
export interface TrainingSettings extends ScheduleSettings, UpdateSettings, LossSettings {
  readonly epochs: number;
  /** Images per step. */
  readonly batch: number;
  /** Images whose gradients are computed at once, accumulated over the batch; the whole batch by default. */
  readonly microBatch?: number;
  readonly optimizer: OptimizerName;
  /** Seed of the order of samples, and of augmentation. */
  readonly seed: number;
  /** Random variations of the images; none by default. */
  readonly augment?: Augmentation;
  /**
   * BatchNormalization by the statistics of the batch (`train`, the default), or by the running ones, which then stay
   * (`frozen`); `restore` adds one after each convolution that has none, for the duration of the training.
   */
  readonly batchNorm?: (typeof batchNormNames)[number];
  /**
   * Steps per call of ONNX Runtime (an ONNX `Scan`), so that a GPU keeps the state on it; 16 on CUDA by default, else
   * 1. The result is bit-identical.
   */
  readonly stepsPerCall?: number;
  /**
   * `mixed` computes convolutions and matrix products, forward and backward, in float16, everything else in float32,
   * with a scaled loss: faster on a GPU, slower on a CPU. `auto` does so only on CUDA; `float32` is the default.
   */
  readonly precision?: (typeof precisionNames)[number];
}

/** The objective of a training. */
export interface LossSettings {
  /** `cross-entropy` by default. */
  readonly loss?: LossName;
  /**
   * A loss of the user's own, in place of `loss`: an ONNX file, in base64, whose graph maps outputs of the model, by their
   * names, and `labels` to a scalar, the mean over the batch.
   */
  readonly lossGraph?: string;
  /**
   * For cross-entropy: share of a label's weight spread evenly over all classes (Szegedy et al., 2016); 0 by default.
   */
  readonly labelSmoothing?: number;
  /** For cross-entropy: a label to ignore, such as 255 or -1 for pixels of no class. */
  readonly ignoreLabel?: number;
  /** Learning from the teacher given to `train`; without a teacher, only labels teach. */
  readonly distillation?: DistillationSettings;
}

/** Learning from a teacher, usually the model that the student was compressed from. */
export interface DistillationSettings {
  /**
   * The teacher's share of the loss, above 0 and at most 1; the labels' loss has the rest. 1, the default, needs no
   * labels.
   */
  readonly weight?: number;
  /**
   * Comparison of the logits: `kl` (the default) compares their distributions at a temperature, times its square
   * (Hinton et al., 2015); `mse` the logits themselves (Ba and Caruana, 2014); `heads` the results of the last layers,
   * as a detector has several of, and what these layers read; `none` compares only features.
   */
  readonly logits?: (typeof comparedLogits)[number];
  /** For `kl`; 4 by default. */
  readonly temperature?: number;
  /** Values of the same name and shape in both graphs whose mean squared difference is added (Romero et al., 2015). */
  readonly features?: readonly string[];
  /** Weight of each feature's difference; 1 by default. */
  readonly featureWeight?: number;
}

/** Settings for turning gradients into steps. */
export interface OptimizerSettings {
  /** `sgd` by default. */
  readonly optimizer?: OptimizerName;
  /** For SGD: takes the gradient ahead, along the momentum (Nesterov, 1983; Sutskever et al., 2013). */
  readonly nesterov?: boolean;
  /** For AdamW: decay of the second moment; 0.999 by default. */
  readonly beta2?: number;
  /** For AdamW: added to the root of the second moment; 1e-8 by default. */
  readonly epsilon?: number;
  readonly weightDecay: number;
  /**
   * Parameters that decay: the weights that multiply (the default), or `all`. Decay bounds the factors that a layer
   * multiplies with; a bias or a normalization's scale has no capacity to bound, and decaying it pulls the function
   * itself towards zero (He et al., Bag of Tricks, 2019).
   */
  readonly decay?: (typeof decayNames)[number];
  /** Largest global norm of the gradients, which are scaled down if they exceed it (Pascanu et al., 2013). */
  readonly clip?: number;
}

/** Settings of the update that follows the gradients. */
export interface UpdateSettings extends OptimizerSettings {
  /**
   * Decay of an exponential moving average of parameters and running statistics, which becomes the result; no average
   * if undefined.
   */
  readonly ema?: number;
}

/** Learning rate and momentum from the first step to the last. */
export interface ScheduleSettings {
  readonly schedule: ScheduleName;
  /** The constant rate, the initial rate after warming up, or the peak of the cycle. */
  readonly learningRate: number;
  /** Momentum of SGD; decay of the first moment (beta 1) of AdamW. */
  readonly momentum: number;
  /**
   * Share of the steps in which the rate rises linearly before the schedule begins (Goyal et al., 2017); none by
   * default. One cycle rises anyway.
   */
  readonly warmUp?: number;
  /** For `step`: shares of the training after which the rate drops; 0.5 and 0.75 by default. */
  readonly milestones?: readonly number[];
  /** For `step`: factor of the rate at each milestone; 0.1 by default. */
  readonly gamma?: number;
  /** For `cosine`: final rate, as a share of `learningRate`; 0 by default. */
  readonly floor?: number;
}

/**
 * Returns the default learning rate. Depends only on other settings, so that a spec can state it before any model is
 * opened: small for a trained model, whose BatchNorm is mostly folded away (docs/training.md shows what larger rates do
 * there); ten times that if it is restored, which makes large steps safe; more for random weights.
 */
export function defaultLearningRate(
  { batchNorm }: Pick<TrainingSettings, 'batchNorm'>,
  fromScratch = false,
): number {
  if (fromScratch) return 0.05;
  return batchNorm === 'restore' ? 0.02 : 0.002;
}

/** Returns the most steps per call on an execution provider. On the CPU nothing is gained by more than one. */
export const stepsPerCallOf = (
  { stepsPerCall }: Pick<TrainingSettings, 'stepsPerCall'>,
  provider: string = 'cpu',
): number => stepsPerCall ?? (provider === 'cuda' ? 16 : 1);

/** Tells if a training computes in float16 on an execution provider. */
export const isMixed = ({ precision }: Pick<TrainingSettings, 'precision'>, provider: string): boolean =>
  precision === 'mixed' || (precision === 'auto' && provider === 'cuda');

/** Tells if a loss reads labels at all: not if a teacher has all of its weight. */
export const needsLabels = ({ distillation }: LossSettings, teacher = distillation !== undefined): boolean =>
  !teacher || (distillation?.weight ?? 1) < 1;
