import { localData } from '../intake/local-data';
import type { DataRef } from '../contract/activities';
import { Dataset } from '../engine/data/dataset';
import { thumbnail } from '../engine/data/images/thumbnail';
import { readingOf } from '../engine/data/metric';
import type { Predictions } from '../engine/jobs/types';
import { ProcessPool } from '../engine/pools/process-pool';
import { engineVersion } from '../engine/runtime/provenance';
import type { Result } from '../run-spec/result-schema';
import { workKey } from '../store/digest';
import type { Store } from '../store/store';
import { type Flip, flipsOf } from './flips';
import type { RunRecord } from './run-record';

/** Predictions of the original and of the selected model for the evaluation split. */
export interface ComparedPredictions extends Predictions {
  /** Pictures of the samples that flipped, as data URIs by their row; of the first of them only. */
  readonly pictures: Readonly<Record<number, string>>;
}

/** Options for comparing predictions. */
export interface PredictionOptions {
  /** Maximum number of samples; 0 for none; by default as many as a few minutes allow. */
  readonly samples?: number;
  /** False to take them only if they were computed before. */
  readonly mayCompute?: boolean;
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Called before work that takes longer than some seconds. */
  readonly onWork?: (samples: number, of: number) => void;
}

/** Parts of a store that predictions are read from, and kept in. */
export type PredictionStore = Pick<Store, 'path' | 'json' | 'result' | 'where'> &
  Partial<Pick<Store, 'setResult'>>;

/** Maximum number of pictures in a report. */
export const mostPictures = 50;
/** Multiply-accumulates of all predictions by default: a few minutes of two cores. */
const budget = 1e13;
/** Work beyond which people are told that it takes a while. */
const noticed = 5e11;
/** Samples that are compared by default, however large the model is. */
const fewest = 500;
/** Most bytes of images that are fetched from a bucket unless samples are asked for. */
const mostFetched = 1e9;

/**
 * Compares what the original and the selected model predict, sample by sample. It is computed by whoever looks, not by
 * the run: runs of earlier versions have it too, and no run takes longer for a picture that nobody may look at. It is
 * kept in the store, so the next look is free.
 * @returns undefined if the run has no classes, or selected nothing
 * @throws Error if the models or the data are not there, or don't fit
 */
export async function comparePredictions(
  { original, candidates, selected }: Pick<Result, 'original' | 'candidates' | 'selected'>,
  { input: { model, data, settings } }: Pick<RunRecord, 'input'>,
  store: PredictionStore,
  { samples, mayCompute = true, threads, signal, onWork }: PredictionOptions,
): Promise<ComparedPredictions | undefined> {
  const winner = candidates.find(({ id }) => id === selected);
  const split = data?.evaluate as DataRef | undefined;
  if (!winner || !split || !isByClass(settings.metric)) return undefined;
  const each = original.macs + winner.macs;
  const most = samples ?? Math.max(fewest, Math.floor(budget / each));
  if (!most) return undefined;
  const key = workKey('predictions', engineVersion(), { models: [model, winner.model], split, most });
  const known = await store.result<Predictions>(key);
  const { images } = split;
  if (!known && !mayCompute) return undefined;
  if (!known && samples === undefined && store.where.startsWith('s3:') && images.bytes > mostFetched)
    throw new Error(
      `the evaluation split has ${(images.bytes / 1e9).toFixed(1)} GB, which are fetched from ${store.where} only if samples are asked for: \`slimflow report --samples ${most}\``,
    );
  const source = await localData(store, split);
  const dataset = Dataset.open(source);
  try {
    const models = [await store.path(model), await store.path(winner.model)];
    const machinery = { threads, provider: 'auto', linearAlgebra: 'auto' } as const;
    const compute = async () => {
      const count = Math.min(most, dataset.length);
      if (count * each > noticed) onWork?.(count, dataset.length);
      const pool = new ProcessPool({ slots: 1 });
      try {
        return await pool.run('predict', { models, data: source, samples: most, machinery }, { signal });
      } finally {
        await pool.close();
      }
    };
    const found = known ?? (await compute());
    if (!known) await store.setResult?.(key, found);
    return { ...found, pictures: await picturesOf(dataset, flipsOf(found).slice(0, mostPictures)) };
  } finally {
    dataset.close();
  }
}

/** Draws samples as small pictures; none if they are not images, or the library that draws is not installed. */
async function picturesOf(dataset: Dataset, flips: readonly Flip[]): Promise<Record<number, string>> {
  const drawn: Record<number, string> = {};
  if (dataset.shape.length !== 3) return drawn;
  for (const { row } of flips) {
    const picture = await thumbnail(dataset, row);
    if (picture === undefined) return drawn;
    drawn[row] = picture;
  }
  return drawn;
}

const isByClass = (metric: RunRecord['input']['settings']['metric']): boolean =>
  typeof metric === 'string' && metric !== 'fidelity' && readingOf(metric) === 'class';
