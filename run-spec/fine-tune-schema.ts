import { z } from 'zod';

import type { FineTuneSettings } from '../engine/jobs/types';
import { type Augmentation, fills } from '../engine/training/batches/augment';
import {
  contradictionIn,
  distillationRules,
  type Rule,
  trainingRules,
} from '../engine/training/setting-rules';
import {
  batchNormNames,
  comparedLogits,
  decayNames,
  defaultLearningRate,
  type DistillationSettings,
  lossNames,
  optimizerNames,
  precisionNames,
  scheduleNames,
} from '../engine/training/settings';

import { UserActivity } from './user-activity-schema';

const count = z.number().int().positive();

/** Makes a field optional and checks its values by the engine's rule. */
const optional = <T>(type: z.ZodType<T, T>, [holds, what]: Rule) =>
  type.refine((value) => holds(value as never), `must be ${what}`).optional();

/** Name of a loss. */
export const Loss = z.enum(lossNames);

/** Random variations of training images. */
const Augment = z.strictObject({
  /** Mirror left to right, for half of the images. */
  flip: z.boolean().optional(),
  /** Pad by this many pixels, and cut the image's own size out of that. */
  crop: count.optional(),
  /** Fill for crop's padding. */
  fill: z.enum(fills).optional(),
  /** Add a random number within ± this to an image. */
  brightness: z.number().positive().optional(),
  /** Scale an image about its mean by a factor within 1 ± this. */
  contrast: z.number().positive().max(1).optional(),
  /** Zero a square of this side. */
  cutout: count.optional(),
  /** The labels, numbers, do not depend on positions in the image: it may be flipped and cropped. */
  fixedLabels: z.boolean().optional(),
}) satisfies z.ZodType<Augmentation>;

const names = z.array(z.string().min(1));

/** Learning from the original model. */
const Distillation = z.strictObject({
  /** Its share of the loss; labels have the rest. 1, the default, needs no labels. */
  weight: optional(z.number(), distillationRules.weight),
  /** The function of the scores that is compared. */
  logits: z.enum(comparedLogits).optional(),
  /** For kl; 4 by default. */
  temperature: optional(z.number(), distillationRules.temperature),
  /** Values inside the network that are compared too. */
  features: optional(names, distillationRules.features),
  featureWeight: optional(z.number(), distillationRules.featureWeight),
}) satisfies z.ZodType<DistillationSettings>;

const { beta2, epsilon, clip, ema, warmUp, milestones, gamma, floor, labelSmoothing, ignoreLabel } =
  trainingRules;

/** `fineTune`, each field checked by itself. Fields left out get the engine's default. */
export const FineTuneFields = z.strictObject({
  epochs: z.number().int().nonnegative().default(2),
  /** The constant rate, or the peak of the schedule; 0.002, or 0.02 with `batchNorm: restore`. */
  learningRate: z.number().positive().optional(),
  batch: count.default(64),
  optimizer: z.enum(optimizerNames).default('sgd'),
  /** For sgd; for adamw beta 1. */
  momentum: z.number().min(0).lt(1).default(0.9),
  nesterov: z.boolean().optional(),
  beta2: optional(z.number(), beta2),
  epsilon: optional(z.number(), epsilon),
  weightDecay: z.number().nonnegative().default(5e-4),
  /** Parameters that decay: those that multiply, or all. */
  decay: z.enum(decayNames).optional(),
  /** Largest global norm of a gradient. */
  clip: optional(z.number(), clip),
  /** Decay of the average of weights that becomes the result. */
  ema: optional(z.number(), ema),
  schedule: z.enum(scheduleNames).default('one-cycle'),
  /** Share of the steps in which the rate first rises. */
  warmUp: optional(z.number(), warmUp),
  /** For step: shares of the training. */
  milestones: optional(z.array(z.number()), milestones),
  gamma: optional(z.number(), gamma),
  /** For cosine: final share of the rate. */
  floor: optional(z.number(), floor),
  /** cross-entropy, or what suits the metric. */
  loss: Loss.optional(),
  /** A loss of the user's own, an ONNX file in base64: people write `loss: { graph: FILE }`. */
  lossGraph: optional(z.string(), trainingRules.lossGraph),
  labelSmoothing: optional(z.number(), labelSmoothing),
  ignoreLabel: optional(z.number(), ignoreLabel),
  distillation: Distillation.optional(),
  batchNorm: z.enum(batchNormNames).optional(),
  seed: z.number().int().nonnegative().default(0),
  augment: Augment.optional(),
  /** Images whose gradients are computed at once, if a batch does not fit into memory. */
  microBatch: count.optional(),
  /** Steps per call of ONNX Runtime; 16 on CUDA, else 1. The result is the same. */
  stepsPerCall: count.optional(),
  /** float32, or float16 if it is precise enough: mixed, or auto (mixed on CUDA). */
  precision: z.enum(precisionNames).optional(),
  /** Stop after this many epochs without a better metric on the evaluation split; the best state is kept. */
  earlyStopping: z.strictObject({ patience: count }).optional(),
  /** Keep the state of the epoch with the best metric on the evaluation split. */
  keepBest: z.boolean().optional(),
  /** Training after each compressed layer, before the next is compressed: 0 compresses all layers at once. */
  perLayer: z
    .strictObject({
      /** A fraction trains on that share of the samples, drawn again for each layer. */
      epochs: z.number().nonnegative().default(0),
    })
    .prefault({}),
});

/** Training of compressed models by Slimflow. */
const OwnTraining = FineTuneFields.extend({
  /** The activity of the user's that trains instead; then there are no epochs here. */
  by: UserActivity.optional(),
})
  .transform((fields) => ({
    ...fields,
    learningRate: fields.learningRate ?? defaultLearningRate(fields),
  }))
  .check(({ value, issues }) => {
    const found = contradictionIn(value);
    if (found)
      issues.push({ code: 'custom', path: [found.name], message: found.why, input: value[found.name] });
    if (value.by && (value.epochs > 0 || value.perLayer.epochs > 0))
      issues.push({
        code: 'custom',
        path: ['by'],
        message: `can't be combined with epochs: activity ${value.by.activity} trains`,
        input: value.by,
      });
  }) satisfies z.ZodType<FineTuneSettings>;

/** Training of compressed models: `fineTune` of a spec. People write an activity of their own without `by`. */
export const FineTune = z.union([
  UserActivity.transform((by) => OwnTraining.parse({ epochs: 0, by })),
  OwnTraining,
]);
