import { availableParallelism } from 'node:os';

import { packData } from '../data/sources/pack-data';
import type { UserData } from '../data/sources/user-data';
import { type MetricChoice, metricWords, type ProviderChoice } from '../names';
import type { Evaluation } from '../jobs/types';
import { ProcessPool } from '../pools/process-pool';
import type { JobPool } from '../pools/thread-pool';

/** Options of `evaluateModel`. */
export interface EvaluateOptions {
  /** Path of an ONNX file. */
  readonly model: string;
  /** Images and their labels: arrays, or what `packData` turns into arrays. */
  readonly data: UserData;
  /** top1 by default. */
  readonly metric?: MetricChoice;
  /** One per core by default. */
  readonly threads?: number;
  /** The execution provider to run on; `cpu` by default. */
  readonly provider?: ProviderChoice;
}

/** The metric of a model, and what it was computed over. */
export interface EvaluateReport extends Evaluation {
  /** Name of the metric. */
  readonly metric: string;
}

/** Handles to run an evaluation, watch it and end it. */
export interface WatchingEvaluation {
  /** Thread of this process to use; by default a process for this call alone. */
  readonly pool?: JobPool;
  readonly signal?: AbortSignal;
}

/**
 * Evaluates a model on labelled data: a metric of its first output, in points (0 to 100 for accuracies), and the number of
 * samples. It runs in a process of its own, needs no server and writes nothing.
 * @throws EngineError `InvalidModel`, `UnsupportedModel`, `InvalidData` or `InvalidSettings`, naming the file or field;
 *   `Cancelled` after `signal` was aborted, at the next batch
 * @example
 * ```ts
 * import { evaluateModel } from 'slimflow/engine';
 *
 * const data = { images: 'images.npy', labels: 'labels.npy', range: [250, 300] } as const;
 * const { metric, value, samples } = await evaluateModel({ model: 'model.onnx', data });
 * console.log(`${metric}: ${value.toFixed(2)} on ${samples} images`);
 * ```
 */
export async function evaluateModel(
  { model, data, metric = 'top1', threads, provider = 'cpu' }: EvaluateOptions,
  { pool: shared, signal }: WatchingEvaluation = {},
): Promise<EvaluateReport> {
  const machinery = {
    threads: threads ?? Math.max(1, availableParallelism()),
    provider,
    linearAlgebra: 'auto',
  } as const;
  const { evaluate } = await packData({ evaluate: data }, { signal });
  const pool = shared ?? new ProcessPool({ slots: 1 });
  try {
    return {
      metric: metricWords(metric),
      ...(await pool.run('evaluate', { model, data: evaluate, metric, machinery }, { signal })),
    };
  } finally {
    if (!shared) await pool.close();
  }
}
