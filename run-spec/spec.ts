import { z } from 'zod';

import {
  backendChoices,
  costs,
  importanceNames,
  isDetection,
  metricWords,
  providerChoices,
  type Reconstruction,
  scoreNames,
  selectionModes,
  techniques,
  techniqueTraits,
} from '../engine/names';
import { needsLabels } from '../engine/training/settings';
import { suitedTo, unsuited } from '../engine/training/losses-for-metric';
import { mayHaveLabels } from '../engine/data/sources/user-data';
import { Split } from './data-schema';
import { Duration } from './duration-schema';
import { FineTune, FineTuneFields } from './fine-tune-schema';
import { RunMetric, SpecMetric } from './metric-schema';
import { TaskQueue } from './user-activity-schema';

const path = z.string().min(1);
const count = z.number().int().positive();
const seed = z.number().int().nonnegative();
/** A share of the cost that leaves something and removes something. */
const ratio = z.number().gt(0).lt(1);

/** Sizes of inputs: a list, or a list by input name. */
export const InputSize = z.union(
  [z.array(count).min(2).readonly(), z.record(z.string().min(1), z.array(count).min(1).readonly())],
  'must be a list of whole numbers, such as [1, 3, 224, 224], or such a list by input name',
);

const Techniques = z
  .array(z.enum(techniques))
  .min(1)
  .refine((all) => new Set(all).size === all.length, 'must not name a technique twice');

const Candidates = z
  .array(ratio)
  .min(1)
  .refine((all) => all.every((value, i) => i === 0 || value > all[i - 1]), 'must be ascending');

const ReconstructionSettings = z.strictObject({
  /** Training images used by the least-squares weight reconstruction. */
  samples: count.default(500),
  /** Patches taken from each. */
  patches: count.default(10),
  seed: seed.default(0),
  /** True refits decomposed layers as well as pruned ones; false gives AIMET's semantics. */
  svd: z.boolean().default(true),
}) satisfies z.ZodType<Reconstruction>;

const Selection = z
  .strictObject({
    /** optimal (least output error within the budget), greedy (AIMET's), tar (accuracy per cost), manual. */
    mode: z.enum(selectionModes).default('optimal'),
    /** Makes eval scores rise with the ratio before the selection (AIMET's option). */
    monotonic: z.boolean().default(false),
    /** Ratios of single layers set by hand, which are kept; the others are chosen to meet the target. */
    ratios: z.record(z.string(), z.number().gt(0).max(1)).default({}),
    /** Input channels to remove from single layers, set by hand. */
    channels: z.record(z.string(), z.array(z.number().int().nonnegative())).default({}),
  })
  .refine(
    ({ mode, ratios, channels }) => mode !== 'manual' || Object.keys({ ...ratios, ...channels }).length,
    {
      path: ['ratios'],
      message: 'must name a layer, since mode manual uses the given ratios and channels',
    },
  );

/** Points at which a run waits for a person. */
const Review = z.strictObject({
  /** Wait before the picks are pruned. */
  afterPick: z.boolean().default(false),
  /** Wait before the selected model is taken. */
  afterSelect: z.boolean().default(false),
  /** Longest wait; unlimited if left out. */
  timeout: Duration.optional(),
  /** After the timeout, take the proposal, or end the run with nothing selected. */
  onTimeout: z.enum(['continue', 'stop']).default('continue'),
});

/** Settings of a run of the guidebook, besides the model and the data. Parsing fills in every default. */
const settings = {
  metric: SpecMetric.default('top1'),
  /** The cost that C and all ratios refer to. */
  cost: z.enum(costs).default('macs'),
  /** C: cost of the final model relative to the original's. */
  target: ratio,
  /** X: drop of the metric, in points, that the final model may have. */
  tolerance: z.number().nonnegative(),
  techniques: Techniques.default(['spatial-svd', 'channel-pruning']),
  /** Cssvd; { C, C + 0.3·(1−C), C + 0.5·(1−C) } by default. */
  ssvdTargets: z.array(ratio).min(1).optional(),
  /** Ratios of a layer's own cost for which eval scores are computed. */
  candidates: Candidates.default([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
  /** Images of the evaluation split, drawn at random, on which an eval score is computed. */
  scoring: z
    .strictObject({
      samples: count.default(500),
      /** The metric, or fidelity to the original's outputs (which needs no labels). */
      score: z.enum(scoreNames).default('metric'),
    })
    .prefault({}),
  selection: Selection.prefault({}),
  /**
   * Ranks and channels are multiples of this if a layer has that many; `auto` prefers multiples of the block of channels
   * that the processor computes at once.
   */
  multiplicity: z.union([count, z.literal('auto')]).default('auto'),
  /** Fewest channels, or lowest rank, that a layer keeps. */
  minimum: count.default(1),
  pruning: z
    .strictObject({
      /** Prunes channels tied by residual adds, concats and the like together, rather than leaving them alone. */
      coupled: z.boolean().default(true),
      importance: z.enum(importanceNames).default('l2'),
    })
    .prefault({}),
  pick: z
    .strictObject({
      /** Most SSVD models that proceed to channel pruning. */
      maxPicks: count.default(2),
      /** Drop, in points, that a picked model may have; max(X − 5, min(X/2, 2)) by default. */
      budget: z.number().nonnegative().optional(),
    })
    .prefault({}),
  revisit: z.strictObject({ maxRevisits: z.number().int().nonnegative().default(2) }).prefault({}),
  /** Ccp = factor · C / c(pick). */
  ccpFactors: z.array(z.number().positive()).min(1).default([0.95, 1, 1.05]),
  /** Distance above C that the selected model's cost ratio may have. */
  select: z.strictObject({ closeness: z.number().nonnegative().default(0.02) }).prefault({}),
  review: Review.prefault({}),
  fineTune: FineTune.prefault({}),
  reconstruction: ReconstructionSettings.prefault({}),
  latency: z
    .strictObject({
      /** Timed runs of each model. */
      runs: count.default(50),
      /**
       * Task queue of the machine that models are timed on (`slimflow worker --queue latency --task-queue NAME`); by
       * default one of the workers that do everything else.
       */
      taskQueue: TaskQueue.optional(),
      /** Samples in a timed batch; 1 by default. */
      batch: count.optional(),
      /** Threads of a timed model; by default those of a job on the worker that times it. */
      threads: count.optional(),
      /** ONNX Runtime's execution provider there; with taskQueue auto by default, otherwise that of compute. */
      provider: z.enum(providerChoices).optional(),
    })
    .prefault({}),
  /** Names of layers that stay as they are. */
  ignore: z.array(z.string().min(1)).default([]),
  /** Sizes where the model leaves them open: of the image input, [1, C, H, W], or of inputs by their names. */
  inputSize: InputSize.optional(),
  compute: z
    .strictObject({
      /** ONNX Runtime's execution provider. */
      provider: z.enum(providerChoices).default('auto'),
      /** Library that decomposes matrices. */
      linearAlgebra: z.enum(backendChoices).default('auto'),
      /**
       * shared: one task queue for all work; by-need: separate queues for work on `cpu` and on GPUs (docs/workers.md).
       */
      queues: z.enum(['shared', 'by-need']).default('shared'),
    })
    .prefault({}),
};

const Splits = z.strictObject({
  /** For fine-tuning and weight reconstruction. */
  train: Split,
  /** For eval scores, and every decision of the run. */
  evaluate: Split,
  /** Used once, by the original and the selected model. */
  test: Split,
});

/** The data fields of a spec, and those that say how the model learns from them. */
export const DataSpec = z.object({
  data: Splits.pick({ train: true, evaluate: true }).loose(),
  metric: settings.metric,
  fineTune: settings.fineTune,
  inputSize: settings.inputSize,
});

/** The training fields of a spec: splits other than `train` may be left out. */
export const TrainingSpec = z.object({
  data: Splits.partial({ evaluate: true, test: true }),
  metric: settings.metric,
  // Options may still change how fields combine.
  fineTune: FineTuneFields.prefault({}),
  inputSize: settings.inputSize,
});

/** The fields of a spec that say which data go to which model: all but one split may be left out. */
export const LookSpec = z.object({
  model: path.optional(),
  data: Splits.partial(),
  metric: settings.metric,
  inputSize: settings.inputSize,
});

/** The settings alone: the workflow's input. */
export const CompressionSettings = z.strictObject({
  ...settings,
  metric: RunMetric.default('top1'),
});
/** The settings of a run, with all defaults filled in. */
export type CompressionSettings = z.infer<typeof CompressionSettings>;

/** Lists the splits of a run that need labels, and why. */
export function splitsThatNeedLabels({
  metric,
  fineTune,
}: Pick<CompressionSettings, 'fineTune'> & { readonly metric: SpecMetric | RunMetric }): readonly {
  readonly split: 'train' | 'evaluate' | 'test';
  readonly why: string;
}[] {
  const { epochs, perLayer } = fineTune;
  const learns =
    (epochs > 0 || perLayer.epochs > 0) && needsLabels(fineTune) && fineTune.lossGraph === undefined;
  const alone =
    'fine-tuning needs it, unless it learns from the original alone (`fineTune: { distillation: {} }`)';
  const why = `metric ${metricWords(metric)} needs it; metric fidelity does without`;
  // Those of Slimflow's table compare outputs with labels; others may do without.
  const isOwn = (typeof metric === 'string' && metric !== 'fidelity') || isDetection(metric);
  return [
    ...(learns ? [{ split: 'train', why: alone } as const] : []),
    ...(isOwn ? [{ split: 'evaluate', why } as const, { split: 'test', why } as const] : []),
  ];
}

/** A compression job as a user writes it. Unknown keys are errors; parsing fills in every default. */
export const CompressionSpec = z
  .strictObject({
    /** The ONNX file to compress. */
    model: path,
    data: Splits,
    ...settings,
    /** Folder for model.onnx and result.json. */
    outDir: path.default('out'),
  })
  .overwrite((spec) => ({ ...spec, fineTune: suitedTo(spec.metric, spec.fineTune) }))
  .check(({ value, issues }) => {
    const why = unsuited(value.metric, value.fineTune);
    if (why)
      issues.push({ code: 'custom', path: ['fineTune', 'loss'], message: why, input: value.fineTune.loss });
    for (const { split, why } of splitsThatNeedLabels(value))
      if (!mayHaveLabels(value.data[split]))
        issues.push({
          code: 'custom',
          path: ['data', split, 'labels'],
          message: `is missing: ${why}`,
          input: value.data[split],
        });
    if (isDetection(value.metric) && value.pruning.importance === 'taylor')
      issues.push({
        code: 'custom',
        path: ['pruning', 'importance'],
        message: `must not be taylor with metric ${metricWords(value.metric)}: it takes a loss by labels, and boxes have none here; l2 and reconstruction need no labels`,
        input: 'taylor',
      });
    const { earlyStopping, keepBest } = value.fineTune;
    if (typeof value.metric === 'object' && 'activity' in value.metric && (earlyStopping || keepBest))
      issues.push({
        code: 'custom',
        path: ['fineTune', earlyStopping ? 'earlyStopping' : 'keepBest'],
        message: `must be left out, since activity ${value.metric.activity} can't be asked in the middle of a training`,
        input: true,
      });
    const below = value.ssvdTargets?.find((target) => target < value.target);
    if (below !== undefined && value.techniques.some((one) => techniqueTraits[one].units === 'channels')) {
      issues.push({
        code: 'custom',
        path: ['ssvdTargets'],
        message: `must not be below target (${value.target}), since channel pruning starts from there`,
        input: below,
      });
    }
  });
/** A compression job with all defaults filled in. */
export type CompressionSpec = z.infer<typeof CompressionSpec>;
/** The spec before defaults are filled in. */
export type CompressionSpecInput = z.input<typeof CompressionSpec>;
