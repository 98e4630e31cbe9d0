import type { Augmentation } from './batches/augment';

/** Names that settings are chosen from; each has a row in the table of its kind. */
export const lossNames = ['cross-entropy', 'mean-squared-error', 'binary-cross-entropy'] as const;
export type LossName = (typeof lossNames)[number];
export const optimizerNames = ['sgd', 'adamw'] as const;
export type OptimizerName = (typeof optimizerNames)[number];
export const scheduleNames = ['one-cycle', 'constant', 'step', 'cosine'] as const;
export type ScheduleName = (typeof scheduleNames)[number];
export const decayNames = ['weights', 'all'] as const;
export const batchNormNames = ['train', 'frozen', 'restore'] as const;
export const precisionNames = ['float32', 'mixed', 'auto'] as const;
export const comparedLogits = ['kl', 'mse', 'none'] as const;

/** What BatchNormalization goes by in training: the batch's own statistics, or the running ones, as in inference. */
export type BatchNormMode = 'batch' | 'running';

/** How to train. */
export interface TrainingSettings extends ScheduleSettings, UpdateSettings, LossSettings {
  readonly epochs: number;
  /** Images a step. */
  readonly batch: number;
  /** Images whose gradients are computed at once, accumulated over the batch; all of it by default. */
  readonly microBatch?: number;
  readonly optimizer: OptimizerName;
  /** Seed of the order in which samples are visited, and of augmentation. */
  readonly seed: number;
  /** How images are varied; as they are by default. */
  readonly augment?: Augmentation;
  /**
   * BatchNormalization by the statistics of the batch (`train`, the default), or by the running ones, which stay
   * (`frozen`); `restore` puts one after each convolution that has none for the time of the training.
   */
  readonly batchNorm?: (typeof batchNormNames)[number];
  /**
   * Steps that ONNX Runtime is given at once (an ONNX `Scan`), so that a GPU keeps the state on it; 16 on CUDA by default,
   * else 1. The result is the same to the bit.
   */
  readonly stepsPerCall?: number;
  /**
   * `mixed` computes convolutions and products of matrices, forward and backward, in float16, all else in float32, with
   * the loss scaled: faster on a GPU, slower on a CPU. `auto` is that on CUDA alone; `float32` is the default.
   */
  readonly precision?: (typeof precisionNames)[number];
}

/** What training makes small. */
export interface LossSettings {
  /** `cross-entropy` by default. */
  readonly loss?: LossName;
  /** Of cross-entropy: the share of a label's weight that all classes have alike (Szegedy et al., 2016); 0 by default. */
  readonly labelSmoothing?: number;
  /** Of cross-entropy: a label that counts for nothing, such as 255 or -1 for the pixels of no class. */
  readonly ignoreLabel?: number;
  /** How to learn from the teacher that `train` is given; where there is none, labels alone teach. */
  readonly distillation?: DistillationSettings;
}

/** How a model learns from a teacher, mostly the model that it was compressed from. */
export interface DistillationSettings {
  /** The teacher's share of the loss, above 0 to 1; the labels' loss has the rest. 1, the default, needs no labels. */
  readonly weight?: number;
  /**
   * What of the logits is compared: `kl` (the default) their distributions at a temperature, times its square (Hinton
   * et al., 2015); `mse` the logits themselves (Ba and Caruana, 2014); `none` features alone.
   */
  readonly logits?: (typeof comparedLogits)[number];
  /** Of `kl`; by default 4. */
  readonly temperature?: number;
  /** Values of the same name and shape in both graphs whose mean squared difference is added (Romero et al., 2015). */
  readonly features?: readonly string[];
  /** What each feature's difference is multiplied with; by default 1. */
  readonly featureWeight?: number;
}

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
  readonly decay?: (typeof decayNames)[number];
  /** Gradients whose global norm is larger are scaled down to it (Pascanu et al., 2013). */
  readonly clip?: number;
}

export interface UpdateSettings extends OptimizerSettings {
  /**
   * Decay of an exponential moving average of parameters and running statistics, which the result takes; none where
   * undefined.
   */
  readonly ema?: number;
}

/** How the learning rate moves from the first step to the last. */
export interface ScheduleSettings {
  readonly schedule: ScheduleName;
  /** The constant rate, the rate that others begin with after warming up, or the peak of the cycle. */
  readonly learningRate: number;
  /** Momentum of SGD, the first moment's decay (beta 1) of AdamW. */
  readonly momentum: number;
  /**
   * Share of the steps in which the rate rises linearly before the schedule begins (Goyal et al., 2017); none by
   * default. One cycle rises by itself.
   */
  readonly warmUp?: number;
  /** Of `step`: the shares of the training after which the rate drops; by default after 0.5 and 0.75. */
  readonly milestones?: readonly number[];
  /** Of `step`: what the rate is multiplied with at each milestone; by default 0.1. */
  readonly gamma?: number;
  /** Of `cosine`: what the rate ends near, as a share of `learningRate`; by default 0. */
  readonly floor?: number;
}

/**
 * The learning rate where none is given. A function of the other settings alone, so that it stands in a spec before any
 * model is opened: small for a trained model, whose BatchNorm is mostly folded away (docs/training.md has what larger
 * ones do there); ten times that where it is put back, which makes large steps safe; more from random weights.
 */
export function defaultLearningRate(
  { batchNorm }: Pick<TrainingSettings, 'batchNorm'>,
  fromScratch = false,
): number {
  if (fromScratch) return 0.05;
  return batchNorm === 'restore' ? 0.02 : 0.002;
}

/** How many steps a call has at most, on an execution provider. On the CPU nothing is gained by more than one. */
export const stepsPerCallOf = (
  { stepsPerCall }: Pick<TrainingSettings, 'stepsPerCall'>,
  provider: string = 'cpu',
): number => stepsPerCall ?? (provider === 'cuda' ? 16 : 1);

/** Whether a training computes in float16, on an execution provider. */
export const isMixed = ({ precision }: Pick<TrainingSettings, 'precision'>, provider: string): boolean =>
  precision === 'mixed' || (precision === 'auto' && provider === 'cuda');

/** Whether a loss reads labels at all: a teacher that has the whole of it needs none. */
export const needsLabels = ({ distillation }: LossSettings, teacher = distillation !== undefined): boolean =>
  !teacher || (distillation?.weight ?? 1) < 1;
