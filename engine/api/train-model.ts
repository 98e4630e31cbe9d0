import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DatasetSource } from '../data/source';
import { packData, type WatchingData } from '../data/sources/pack-data';
import { checkTrainable } from '../jobs/check-trainable';
import type { Evaluation, Progress, Rehearsal } from '../jobs/types';
import { ProcessPool } from '../pools/process-pool';
import type { JobPool } from '../pools/thread-pool';
import { lastCheckpoint } from '../training/loop/checkpoint';
import { metricWords } from '../names';
import { needsLabels } from '../training/settings';
import { checkJudged, settledTraining, type TrainOptions } from './train-options';
import { trainReport, type TrainReport } from './train-report';

/** Observes a training and may stop it. */
export interface WatchingTraining {
  /** Thread of this process to use; by default a process for this call alone. */
  readonly pool?: JobPool;
  readonly signal?: AbortSignal;
  /** Called after each image, if the data have to be packed first. */
  readonly onData?: WatchingData['onProgress'];
  /** Called after each batch of an evaluation and as steps are done. */
  readonly onProgress?: (stage: 'evaluating' | 'training' | 'testing', progress: Progress) => void;
}

/**
 * Trains a model on labelled data, judges it, and writes it with its structure unchanged. It needs no server, and
 * leaves nothing but the model and the requested checkpoints.
 * @throws EngineError that names the file, node or setting and the fix; `Cancelled` after `signal`, with a checkpoint
 * written
 * @example
 * ```ts
 * import { trainModel } from 'slimflow/engine';
 *
 * const split = { images: 'images.npy', labels: 'labels.npy' };
 * const { steps, evaluation } = await trainModel({
 *   model: 'model.onnx',
 *   out: 'tuned.onnx',
 *   data: { train: { ...split, range: [0, 200] }, evaluate: { ...split, range: [200, 250] } },
 *   settings: { epochs: 1, batch: 20, learningRate: 0.001 },
 * });
 * console.log(steps, evaluation?.before, evaluation?.after);
 * ```
 */
export async function trainModel(
  options: TrainOptions,
  { pool: shared, signal, onData, onProgress }: WatchingTraining = {},
): Promise<TrainReport> {
  const { model, out, metric = 'top1', fromScratch = false, teacher, provider = 'cpu' } = options;
  const settings = settledTraining(options);
  const data = await packData(options.data, { signal, onProgress: onData });
  const threads = options.threads ?? Math.max(1, availableParallelism());
  const scratch = options.checkpoints ? undefined : await mkdtemp(join(tmpdir(), 'slimflow-'));
  const { folder, seconds } = options.checkpoints ?? { folder: scratch!, seconds: Infinity };
  const pool = shared ?? new ProcessPool({ slots: 1 });
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
    const judged = [data.evaluate, data.test].filter((split) => split !== undefined);
    const rehearsal: Rehearsal = {
      machinery: { threads, provider, linearAlgebra: 'auto' },
      runs: [],
      judged: { data: judged, metric },
      fineTune: { data: data.train, settings, teacher },
    };
    const { params } = await pool.run(
      'analyze',
      {
        model,
        data: splits,
        metric,
        ignoreLabel: settings.ignoreLabel,
        inputSize: options.inputSize,
        rehearsal,
      },
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
    return trainReport({
      settings,
      fromScratch,
      metric: metricWords(metric),
      params,
      tuning,
      before,
      after,
      test,
    });
  } finally {
    if (!shared) await pool.close();
    if (scratch) await rm(scratch, { recursive: true, force: true });
  }
}
