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

const count = z.number().int().positive();

/** A field that may be left out, whose values the engine's rule judges. */
const optional = <T>(type: z.ZodType<T, T>, [holds, what]: Rule) =>
  type.refine((value) => holds(value as never), `must be ${what}`).optional();

/** How training images are varied. */
const Augment = z.strictObject({
  /** Mirror left to right, every other time. */
  flip: z.boolean().optional(),
  /** Pad by so many pixels, and cut the image's own size out of that. */
  crop: count.optional(),
  /** What crop pads with. */
  fill: z.enum(fills).optional(),
  /** Add a number within ± this to an image. */
  brightness: z.number().positive().optional(),
  /** Scale an image about its mean by a factor within 1 ± this. */
  contrast: z.number().positive().max(1).optional(),
  /** Zero a square of this side. */
  cutout: count.optional(),
  /** Numbers to be found do not depend on places in the image: it may be flipped and cropped. */
  fixedLabels: z.boolean().optional(),
}) satisfies z.ZodType<Augmentation>;

const names = z.array(z.string().min(1));

/** How the original model teaches. */
const Distillation = z.strictObject({
  /** Its share of the loss; labels have the rest. 1, the default, needs none. */
  weight: optional(z.number(), distillationRules.weight),
  /** What of the scores is compared. */
  logits: z.enum(comparedLogits).optional(),
  /** Of kl; 4 by default. */
  temperature: optional(z.number(), distillationRules.temperature),
  /** Values inside the network that are compared as well. */
  features: optional(names, distillationRules.features),
  featureWeight: optional(z.number(), distillationRules.featureWeight),
}) satisfies z.ZodType<DistillationSettings>;

const { beta2, epsilon, clip, ema, warmUp, milestones, gamma, floor, labelSmoothing, ignoreLabel } =
  trainingRules;

/** `fineTune` as far as each field goes by itself. What is left out has the engine's default. */
export const FineTuneFields = z.strictObject({
  epochs: z.number().int().nonnegative().default(2),
  /** The constant rate, or the peak of the schedule; 0.002, with `batchNorm: restore` 0.02. */
  learningRate: z.number().positive().optional(),
  batch: count.default(64),
  optimizer: z.enum(optimizerNames).default('sgd'),
  /** Of sgd; of adamw beta 1. */
  momentum: z.number().min(0).lt(1).default(0.9),
  nesterov: z.boolean().optional(),
  beta2: optional(z.number(), beta2),
  epsilon: optional(z.number(), epsilon),
  weightDecay: z.number().nonnegative().default(5e-4),
  /** What decays: what multiplies, or all parameters. */
  decay: z.enum(decayNames).optional(),
  /** The largest global norm of a gradient. */
  clip: optional(z.number(), clip),
  /** Decay of the average of weights that the result takes. */
  ema: optional(z.number(), ema),
  schedule: z.enum(scheduleNames).default('one-cycle'),
  /** Share of the steps in which the rate rises first. */
  warmUp: optional(z.number(), warmUp),
  /** Of step: shares of the training. */
  milestones: optional(z.array(z.number()), milestones),
  gamma: optional(z.number(), gamma),
  /** Of cosine: a share of the rate. */
  floor: optional(z.number(), floor),
  /** cross-entropy, or what suits the metric. */
  loss: z.enum(lossNames).optional(),
  labelSmoothing: optional(z.number(), labelSmoothing),
  ignoreLabel: optional(z.number(), ignoreLabel),
  distillation: Distillation.optional(),
  batchNorm: z.enum(batchNormNames).optional(),
  seed: z.number().int().nonnegative().default(0),
  augment: Augment.optional(),
  /** Images whose gradients are computed at once, where a batch does not fit memory. */
  microBatch: count.optional(),
  /** Steps that ONNX Runtime is given at once; 16 on CUDA, else 1. The result is the same. */
  stepsPerCall: count.optional(),
  /** float32, or float16 where it is enough: mixed, or auto (mixed on CUDA). */
  precision: z.enum(precisionNames).optional(),
  /** Stop once so many epochs have brought no better metric on the evaluation split; the best state is kept. */
  earlyStopping: z.strictObject({ patience: count }).optional(),
  /** Keep the state of the epoch with the best metric on the evaluation split. */
  keepBest: z.boolean().optional(),
  /** Behind each compressed layer, before the next is compressed: 0 compresses all layers at once. */
  perLayer: z
    .strictObject({
      /** A fraction trains on so large a share of the samples, drawn anew for each layer. */
      epochs: z.number().nonnegative().default(0),
    })
    .prefault({}),
});

/** How compressed models are trained: `fineTune` of a spec. */
export const FineTune = FineTuneFields.transform((fields) => ({
  ...fields,
  learningRate: fields.learningRate ?? defaultLearningRate(fields),
})).check(({ value, issues }) => {
  const found = contradictionIn(value);
  if (found)
    issues.push({ code: 'custom', path: [found.name], message: found.why, input: value[found.name] });
}) satisfies z.ZodType<FineTuneSettings>;
