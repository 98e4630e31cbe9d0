import type { DatasetSource } from '../data/source';
import type { MetricName } from '../data/metric';
import { EngineError } from '../errors';
import type { FineTuneSettings } from '../jobs/types';
import type { ProviderName } from '../names';
import { settledFor } from '../training/losses-for-metric';
import { checkSettings } from '../training/setting-rules';
import { defaultLearningRate } from '../training/settings';

/** What `trainModel` is asked for. */
export interface TrainOptions {
  readonly model: string;
  /** Where to write the trained model. */
  readonly out: string;
  readonly data: {
    readonly train: DatasetSource;
    /** Judges the model before and after, and in between where `settings` ask for that. */
    readonly evaluate?: DatasetSource;
    /** Judges the trained model, once. */
    readonly test?: DatasetSource;
  };
  /** top1 by default. */
  readonly metric?: MetricName;
  /** What is left out is as the README's table has it. */
  readonly settings?: Partial<FineTuneSettings>;
  /** Whether training begins with new weights, drawn by the seed, rather than the model's own. */
  readonly fromScratch?: boolean;
  /** A model to learn from, by `settings.distillation`; by its scores alone, without labels, where that is not set. */
  readonly teacher?: string;
  /** Where checkpoints are kept and how often one is written: a later call goes on from the last. None by default. */
  readonly checkpoints?: { readonly folder: string; readonly seconds: number };
  /** As many as there are cores by default. */
  readonly threads?: number;
  /** The execution provider that trains and judges; `cpu` by default. */
  readonly provider?: ProviderName;
}

/** How a model is trained where nothing else is said: gently where it is trained already, at length from scratch. */
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

/** @throws EngineError `InvalidData` naming a split that is to be judged and has no labels. */
export function checkJudged({ evaluate, test }: TrainOptions['data'], metric: MetricName): void {
  for (const [name, split] of Object.entries({ evaluate, test })) {
    if (!split || split.labels !== undefined) continue;
    throw new EngineError(
      'InvalidData',
      `data.${name}.labels is missing: ${metric} is judged by it; leave data.${name} out to train without`,
    );
  }
}
