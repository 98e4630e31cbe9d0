import { z } from 'zod';

import type { DatasetSource } from '../engine/data/source';
import { metricNames } from '../engine/data/metric';
import {
  backendNames,
  costs,
  importanceNames,
  providerNames,
  type Reconstruction,
  scoreNames,
  selectNames,
  techniques,
  techniqueTraits,
} from '../engine/names';
import { needsLabels } from '../engine/training/settings';
import { suitedTo, unsuited } from '../engine/training/losses-for-metric';
import { FineTune, FineTuneFields } from './fine-tune-schema';

const path = z.string().min(1);
const count = z.number().int().positive();
const seed = z.number().int().nonnegative();
/** A share of MACs that leaves something and takes something away. */
const ratio = z.number().gt(0).lt(1);

const Split = z.strictObject({
  /** `.npy` of [N, C, H, W], float32, float64 or uint8. */
  images: path,
  /**
   * `.npy` of integers, [N], or [N, H, W] for metrics that judge pixels; of 0 and 1, or of numbers, in the shape of the
   * model's output for metrics that compare these. Scoring by fidelity needs none.
   */
  labels: path.optional(),
  /** The label that stands for what is not known, of labels that are compared with a score each. */
  unknown: z.union([z.number(), z.literal('nan')], 'must be a number or nan').optional(),
  /** Files for further inputs of the model, by the inputs' names: a row a sample, or one tensor for all. */
  inputs: z.record(z.string(), path).optional(),
  /** NHWC where the file has its channels last and the model takes them first. */
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  /** First row and the row after the last; all of them by default. */
  range: z
    .tuple([z.number().int().nonnegative(), z.number().int().positive()])
    .refine(([first, end]) => first < end, 'must be [first row, row after the last]')
    .optional(),
  /** Pixels become (pixel · scale − mean[c]) / std[c]. */
  normalize: z
    .strictObject({
      scale: z.number().positive().optional(),
      mean: z.array(z.number()).min(1).optional(),
      std: z.array(z.number().positive()).min(1).optional(),
    })
    .optional(),
}) satisfies z.ZodType<DatasetSource>;

const Techniques = z
  .array(z.enum(techniques))
  .min(1)
  .refine((all) => new Set(all).size === all.length, 'must not name a technique twice');

const Candidates = z
  .array(ratio)
  .min(1)
  .refine((all) => all.every((value, i) => i === 0 || value > all[i - 1]), 'must be ascending');

const ReconstructionSettings = z.strictObject({
  /** Training images that a least-squares weight reconstruction sees. */
  samples: count.default(500),
  /** Patches taken of each. */
  patches: count.default(10),
  seed: seed.default(0),
}) satisfies z.ZodType<Reconstruction>;

const Selection = z
  .strictObject({
    /** optimal (least output error under the budget), greedy (AIMET's), tar (accuracy per cost), manual. */
    mode: z.enum(selectNames).default('optimal'),
    /** Makes eval scores rise with the ratio before the selection (AIMET's option). */
    monotonic: z.boolean().default(false),
    /** Ratios of single layers given by hand, which are held; the others are chosen to meet the target. */
    ratios: z.record(z.string(), z.number().gt(0).max(1)).default({}),
    /** Input channels to remove from single layers, given by hand. */
    channels: z.record(z.string(), z.array(z.number().int().nonnegative())).default({}),
  })
  .refine(
    ({ mode, ratios, channels }) => mode !== 'manual' || Object.keys({ ...ratios, ...channels }).length,
    {
      path: ['ratios'],
      message: 'must name a layer: mode manual holds what ratios and channels say',
    },
  );

/** A whole number of seconds, minutes, hours, days or weeks, as Temporal takes it. */
type Duration = `${number}${'s' | 'm' | 'h' | 'd' | 'w'}`;
const Duration = z.custom<Duration>(
  (value) => typeof value === 'string' && /^[1-9]\d{0,3}[smhdw]$/.test(value),
  'must be a whole number and a unit, as in 30m, 12h or 3d (s, m, h, d or w)',
);

/** Where a run waits for a person. */
const Review = z.strictObject({
  /** Before the picks are pruned. */
  afterPick: z.boolean().default(false),
  /** Before the selected model is taken. */
  afterSelect: z.boolean().default(false),
  /** For so long; when left out, for as long as it takes. */
  timeout: Duration.optional(),
  /** Then the proposal is taken, or the run ends with nothing selected. */
  onTimeout: z.enum(['continue', 'stop']).default('continue'),
});

/** What a run of the guidebook needs beside the model and the data. Every field has its value: none is optional later. */
const settings = {
  metric: z.enum(metricNames).default('top1'),
  /** What C and all ratios are ratios of. */
  cost: z.enum(costs).default('macs'),
  /** C: the cost of the final model relative to the original's. */
  target: ratio,
  /** X: the drop of the metric, in points, that the final model may show. */
  tolerance: z.number().nonnegative(),
  techniques: Techniques.default(['spatial-svd', 'channel-pruning']),
  /** Cssvd; by default { C, C + 0.3·(1−C), C + 0.5·(1−C) }. */
  ssvdTargets: z.array(ratio).min(1).optional(),
  /** Ratios of a layer's own cost that eval scores are computed for. */
  candidates: Candidates.default([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
  /** Images of the evaluation split, drawn at random, that an eval score is computed on. */
  scoring: z
    .strictObject({
      samples: count.default(500),
      /** The metric, or how near the outputs stay to the original's (which needs no labels). */
      score: z.enum(scoreNames).default('metric'),
    })
    .prefault({}),
  selection: Selection.prefault({}),
  /** Ranks and channels are multiples of this where a layer has as many. */
  multiplicity: count.default(1),
  /** The fewest channels, or the least rank, that a layer is left with. */
  minimum: count.default(1),
  pruning: z
    .strictObject({
      /** Whether channels tied by residual adds, concats and the like are pruned together, or left alone. */
      coupled: z.boolean().default(true),
      importance: z.enum(importanceNames).default('l2'),
    })
    .prefault({}),
  pick: z
    .strictObject({
      /** SSVD models that go on to channel pruning, at most. */
      maxPicks: count.default(2),
      /** The drop, in points, that a picked model may show; by default max(X − 5, min(X/2, 2)). */
      budget: z.number().nonnegative().optional(),
    })
    .prefault({}),
  revisit: z.strictObject({ maxRevisits: z.number().int().nonnegative().default(2) }).prefault({}),
  /** Ccp = factor · C / c(pick). */
  ccpFactors: z.array(z.number().positive()).min(1).default([0.95, 1, 1.05]),
  /** How far above C the selected model's MAC ratio may lie. */
  select: z.strictObject({ closeness: z.number().nonnegative().default(0.02) }).prefault({}),
  review: Review.prefault({}),
  fineTune: FineTune.prefault({}),
  reconstruction: ReconstructionSettings.prefault({}),
  /** Timed runs of each model. */
  latency: z.strictObject({ runs: count.default(50) }).prefault({}),
  /** Layers, by name, that stay as they are. */
  ignore: z.array(z.string().min(1)).default([]),
  /** Sizes of the input where the model leaves them open, [1, C, H, W]. */
  inputSize: z.array(count).min(2).optional(),
  compute: z
    .strictObject({
      /** The execution provider of ONNX Runtime. */
      provider: z.enum(providerNames).default('auto'),
      /** The library that decomposes matrices. */
      linearAlgebra: z.enum(backendNames).default('auto'),
      /** shared: one task queue for all; by-need: work for `cpu` and for GPUs each on its own (docs/workers.md). */
      queues: z.enum(['shared', 'by-need']).default('shared'),
    })
    .prefault({}),
};

const Splits = z.strictObject({
  /** For fine-tuning and weight reconstruction. */
  train: Split,
  /** For eval scores, and every decision of the run. */
  evaluate: Split,
  /** Seen once, by the original and the selected model. */
  test: Split,
});

/** A spec as far as its data go, and what is learnt from them. */
export const DataSpec = z.object({
  data: Splits.pick({ train: true, evaluate: true }).loose(),
  metric: settings.metric,
  fineTune: settings.fineTune,
});

/** A spec as far as training goes: the splits beside `train` may be left out. */
export const TrainingSpec = z.object({
  data: Splits.partial({ evaluate: true, test: true }),
  metric: settings.metric,
  // Options may still change what fields mean beside each other.
  fineTune: FineTuneFields.prefault({}),
});

/** The settings alone: what a workflow is given. */
export const CompressionSettings = z.strictObject(settings);
export type CompressionSettings = z.infer<typeof CompressionSettings>;

/**
 * A compression job as a user writes it. Unknown keys are errors; every default is filled in by parsing.
 */
export const CompressionSpec = z
  .strictObject({
    /** The ONNX file to compress. */
    model: path,
    data: Splits,
    ...settings,
    /** Where model.onnx and result.json are written. */
    outDir: path.default('out'),
  })
  .overwrite((spec) => ({ ...spec, fineTune: suitedTo(spec.metric, spec.fineTune) }))
  .check(({ value, issues }) => {
    const why = unsuited(value.metric, value.fineTune);
    if (why)
      issues.push({ code: 'custom', path: ['fineTune', 'loss'], message: why, input: value.fineTune.loss });
    const { epochs, perLayer } = value.fineTune;
    const learns = (epochs > 0 || perLayer.epochs > 0) && needsLabels(value.fineTune);
    for (const split of [...(learns ? (['train'] as const) : []), 'evaluate', 'test'] as const)
      if (value.data[split].labels === undefined)
        issues.push({
          code: 'custom',
          path: ['data', split, 'labels'],
          message: `is missing: ${split === 'train' ? 'fine-tuning learns from it' : `${value.metric} is judged by it`}`,
          input: value.data[split],
        });
    const below = value.ssvdTargets?.find((target) => target < value.target);
    if (below !== undefined && value.techniques.some((one) => techniqueTraits[one].units === 'channels')) {
      issues.push({
        code: 'custom',
        path: ['ssvdTargets'],
        message: `must not lie below target (${value.target}), which channel pruning is to reach from them`,
        input: below,
      });
    }
  });
export type CompressionSpec = z.infer<typeof CompressionSpec>;
/** The spec before defaults are filled in. */
export type CompressionSpecInput = z.input<typeof CompressionSpec>;
