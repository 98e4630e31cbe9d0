import type { DatasetSource } from '../data/source';
import type { UserData } from '../data/sources/user-data';
import { EngineError } from '../errors';
import type { FineTuneSettings } from '../jobs/types';
import { type InputSize, type MetricChoice, metricWords, type ProviderChoice } from '../names';
import { settledFor } from '../training/losses-for-metric';
import { checkSettings } from '../training/setting-rules';
import { defaultLearningRate } from '../training/settings';

/** Options of `trainModel`. */
export interface TrainOptions {
  readonly model: string;
  /** Path for the trained model. */
  readonly out: string;
  readonly data: {
    readonly train: UserData;
    /** Judges the model before and after, and in between if `settings` ask for that. */
    readonly evaluate?: UserData;
    /** Judges the trained model, once. */
    readonly test?: UserData;
  };
  /** top1 by default. */
  readonly metric?: MetricChoice;
  /** Sizes of inputs that the model leaves open; those of the images by default. */
  readonly inputSize?: InputSize;
  /** Settings; those left out have the defaults of docs/training.md. */
  readonly settings?: Partial<FineTuneSettings>;
  /** Starts training with new weights, drawn by the seed, rather than the model's own. */
  readonly fromScratch?: boolean;
  /** Model to learn from, by `settings.distillation`; if that is not set, only by its scores, without labels. */
  readonly teacher?: string;
  /** Folder for checkpoints and seconds between them: a later call resumes from the last. None by default. */
  readonly checkpoints?: { readonly folder: string; readonly seconds: number };
  /** One per core by default. */
  readonly threads?: number;
  /** Execution provider that trains and judges; `cpu` by default. */
  readonly provider?: ProviderChoice;
}

/** Default settings: gentle for a trained model, long from scratch. */
const defaultsOf = (fromScratch: boolean, given: Partial<FineTuneSettings>): FineTuneSettings => ({
  epochs: fromScratch ? 10 : 2,
  learningRate: defaultLearningRate(given, fromScratch),
  batch: 64,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: 'one-cycle',
  seed: 0,
});

/** The settings of a training with every default in its place. @throws EngineError `InvalidSettings` naming the field */
export function settledTraining({
  metric = 'top1',
  fromScratch = false,
  teacher,
  settings,
}: TrainOptions): FineTuneSettings {
  const given = { ...(teacher !== undefined && { distillation: {} }), ...settings };
  const settled = settledFor(metric, { ...defaultsOf(fromScratch, given), ...given });
  checkSettings(settled, teacher !== undefined);
  return settled;
}

/** @throws EngineError `InvalidData` that names a split to be judged that has no labels */
export function checkJudged(
  { evaluate, test }: { readonly evaluate?: DatasetSource; readonly test?: DatasetSource },
  metric: MetricChoice,
): void {
  for (const [name, split] of Object.entries({ evaluate, test })) {
    if (!split || split.labels !== undefined) continue;
    throw new EngineError(
      'InvalidData',
      `data.${name}.labels is missing: ${metricWords(metric)} needs it; leave data.${name} out to train without it`,
    );
  }
}
