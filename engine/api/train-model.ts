import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DatasetSource } from '../data/source';
import type { MetricName } from '../data/metric';
import { EngineError } from '../errors';
import { lastCheckpoint } from '../training/loop/checkpoint';
import type { Curve } from '../training/loop/learning-curve';
import { checkSettings } from '../training/setting-rules';
import { defaultLearningRate, needsLabels } from '../training/settings';
import { settledFor } from '../training/losses-for-metric';
import { JobPool } from '../pools/thread-pool';
import { checkTrainable } from '../jobs/check-trainable';
import type { Errors, Evaluation, FineTuneSettings, FineTuning, Progress, ProviderName } from '../jobs/types';

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

/** What an epoch came to. */
export interface TrainedEpoch {
  readonly epoch: number;
  /** Mean over its samples. */
  readonly loss: number;
  /** Of its last step. */
  readonly learningRate: number;
  /** The metric on the evaluation split, where `settings` had the epoch judged (keepBest, earlyStopping). */
  readonly metric?: number;
}

/** What came out, in the shape of `slimflow train --json`. */
export interface TrainReport {
  readonly settings: FineTuneSettings;
  readonly fromScratch: boolean;
  readonly metric: MetricName;
  readonly params: number;
  readonly steps: number;
  /** Step at which this call began: 0, or that of a checkpoint. */
  readonly resumedAt: number;
  readonly epochs: readonly TrainedEpoch[];
  /** The metric on the evaluation split; `before` is null for a model trained from scratch. */
  readonly evaluation: { readonly before: number | null; readonly after: number } | null;
  /** The metric on the test split. */
  readonly test: number | null;
  /** Where the metric compares numbers: how far the model's are from the labels, in their unit, by what was judged. */
  readonly errors?: { readonly before?: Errors; readonly after?: Errors; readonly test?: Errors };
  /** The epoch that was kept and its metric, where epochs were judged. */
  readonly best: { readonly epoch: number; readonly value: number } | null;
  /** Returns to an earlier state with a lower learning rate. */
  readonly retries: FineTuning['retries'];
  /** Sentences on what went otherwise than asked for. */
  readonly warnings: readonly string[];
  /** Loss and learning rate of each step. */
  readonly curve: Curve;
}

export interface WatchingTraining {
  /** A worker thread to use; one for this call alone by default. */
  readonly pool?: JobPool;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: 'evaluating' | 'training' | 'testing', progress: Progress) => void;
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

/**
 * Trains a model on labelled data, judges it, and writes it with its structure as it was. It needs no server, and leaves
 * nothing but the model and the checkpoints asked for.
 * @throws EngineError naming the file, node or setting and the mend; `Cancelled` after `signal`, a checkpoint written.
 */
export async function trainModel(
  options: TrainOptions,
  { pool: shared, signal, onProgress }: WatchingTraining = {},
): Promise<TrainReport> {
  const { model, out, data, metric = 'top1', fromScratch = false, teacher, provider = 'cpu' } = options;
  const given = { ...(teacher !== undefined && { distillation: {} }), ...options.settings };
  const settings = settledFor(metric, { ...defaultsOf(fromScratch, given), ...given });
  checkSettings(settings, teacher !== undefined);
  const threads = options.threads ?? Math.max(1, availableParallelism());
  const scratch = options.checkpoints ? undefined : await mkdtemp(join(tmpdir(), 'slimflow-'));
  const { folder, seconds } = options.checkpoints ?? { folder: scratch!, seconds: Infinity };
  const pool = shared ?? new JobPool({ slots: 1 });
  const judge = (
    stage: 'evaluating' | 'testing',
    judged: string,
    source: DatasetSource | undefined,
  ): Promise<Evaluation> | undefined => {
    const machinery = { threads, provider, linearAlgebra: 'auto' } as const;
    return (
      source &&
      pool.run(
        'evaluate',
        { model: judged, data: source, metric, machinery },
        { signal, onProgress: (progress) => onProgress?.(stage, progress) },
      )
    );
  };
  try {
    // Labels that nothing learns from need not suit the metric.
    const taught = needsLabels(settings, teacher !== undefined)
      ? data.train
      : { ...data.train, labels: undefined };
    const splits = [taught, data.evaluate, data.test].filter((split) => split !== undefined);
    checkJudged(data, metric);
    const { params } = await pool.run(
      'analyze',
      { model, data: splits, metric, ignoreLabel: settings.ignoreLabel },
      { signal },
    );
    checkTrainable(model, 4 * params);
    const before = fromScratch ? undefined : await judge('evaluating', model, data.evaluate);
    const tuning = await pool.run(
      'fineTune',
      {
        model,
        out,
        settings,
        threads,
        provider,
        fromScratch,
        teacher,
        resume: lastCheckpoint(folder),
        data: data.train,
        evaluate: data.evaluate && { data: data.evaluate, metric },
        checkpoints: folder,
        checkpointSeconds: seconds,
        curve: true,
      },
      { signal, onProgress: (progress) => onProgress?.('training', progress) },
    );
    const after = await judge('evaluating', out, data.evaluate);
    const test = await judge('testing', out, data.test);
    const errors = errorsOf({ before, after, test });
    const { steps, resumedAt, best = null, retries, notes, curve } = tuning;
    return {
      settings,
      fromScratch,
      metric,
      params,
      steps,
      resumedAt,
      best,
      retries,
      epochs: epochsOf(tuning),
      evaluation: after ? { before: before?.value ?? null, after: after.value } : null,
      test: test?.value ?? null,
      ...(errors && { errors }),
      warnings: notes,
      curve: curve!,
    };
  } finally {
    if (!shared) await pool.close();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }
}

/** @throws EngineError `InvalidData` naming a split that is to be judged and has no labels. */
function checkJudged({ evaluate, test }: TrainOptions['data'], metric: MetricName): void {
  for (const [name, split] of Object.entries({ evaluate, test })) {
    if (!split || split.labels !== undefined) continue;
    throw new EngineError(
      'InvalidData',
      `data.${name}.labels is missing: ${metric} is judged by it; leave data.${name} out to train without`,
    );
  }
}

/** The errors of evaluations that have some; undefined where none has. */
function errorsOf(evaluations: Readonly<Record<string, Evaluation | undefined>>): TrainReport['errors'] {
  const found = Object.entries(evaluations).flatMap(([when, one]) =>
    one?.errors ? [[when, one.errors]] : [],
  );
  return found.length ? (Object.fromEntries(found) as TrainReport['errors']) : undefined;
}

function epochsOf({ losses, curve, evaluations }: FineTuning): TrainedEpoch[] {
  const steps = curve!.losses.length / losses.length;
  return losses.map((loss, at) => {
    const epoch = at + 1;
    const metric = evaluations?.find((one) => one.epoch === epoch)?.value;
    const learningRate = curve!.learningRates[epoch * steps - 1];
    return { epoch, loss, learningRate, ...(metric !== undefined && { metric }) };
  });
}
