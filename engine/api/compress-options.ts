import { candidateRatios } from '../ratios/candidate-ratios';
import { checkFineTuneEach } from '../jobs/layer-by-layer';
import { plainMethod } from '../jobs/list-parts';
import type { JobData } from '../jobs/open-data';
import type { FineTuneSettings, LayerScores } from '../jobs/types';
import type { DatasetSource } from '../data/source';
import type { UserData } from '../data/sources/user-data';
import type { MetricChoice } from '../names';
import { EngineError } from '../errors';
import type { Machinery, Method, Reconstruction, ScoreName, Selecting, Technique } from '../names';
import { settledFor } from '../training/losses-for-metric';

/** Options of `compressModel`; those left out have the defaults of a spec. */
export interface CompressOptions {
  readonly model: string;
  /** Path for the compressed model. */
  readonly out: string;
  readonly technique: Technique;
  /** Requested cost relative to the model's; may be left out in mode `manual`. */
  readonly target?: number;
  readonly method?: Partial<Omit<Method, 'technique' | 'score'>>;
  readonly selection?: Partial<Selecting>;
  /** Without data, seeded random inputs are used, and the score is fidelity. */
  readonly data?: { readonly evaluate: UserData; readonly train: UserData };
  readonly score?: ScoreName;
  readonly metric?: MetricChoice;
  /** Samples per score. */
  readonly samples?: number;
  readonly candidates?: readonly number[];
  /** With data, decomposed layers are refitted unless `svd` is false; without data they never are. */
  readonly reconstruction?: Partial<Reconstruction>;
  readonly machinery?: Partial<Omit<Machinery, 'threads'>>;
  /** Fine-tunes after each compressed layer, which needs data with labels; `epochs` may be a fraction. */
  readonly fineTuneEach?: FineTuneSettings;
  /** Eval scores of an earlier call on the same model with the same method. */
  readonly scores?: readonly LayerScores[];
}

/** Options whose data are arrays. */
export type ArrayOptions = Omit<CompressOptions, 'data'> & {
  readonly data?: { readonly evaluate: DatasetSource; readonly train: DatasetSource };
};

/** Random inputs drawn if no data are given. */
const randomSamples = 32;
/** Patches of each, more than of images, of which there are more. */
const randomPatches = 100;

export type SettledOptions = ReturnType<typeof settled>;

/** Fills in every default. */
export function settled({ model, out, technique, target, data, ...options }: ArrayOptions) {
  const score: ScoreName = data ? (options.score ?? 'metric') : 'fidelity';
  if (!data && options.score === 'metric')
    throw new EngineError(
      'InvalidSettings',
      'score metric needs data with labels: give data, or set score to fidelity',
    );
  if (score === 'metric' && data && data.evaluate.labels === undefined)
    throw new EngineError(
      'InvalidSettings',
      `score metric needs labels, but ${data.evaluate.images} has none: name a file of them in data.evaluate.labels, or set score to fidelity`,
    );
  const method: Method = {
    ...plainMethod,
    technique,
    score,
    ...options.method,
  };
  const selection: Selecting = {
    mode: 'optimal',
    monotonic: false,
    ratios: {},
    channels: {},
    ...options.selection,
  };
  const byHand = Object.keys(selection.ratios).length + Object.keys(selection.channels).length;
  if (target === undefined && !byHand && selection.mode === 'manual')
    throw new EngineError('InvalidSettings', 'mode manual needs ratios or channels, and none were given');
  if (options.candidates && !options.candidates.some((ratio) => ratio > 0 && ratio < 1))
    throw new EngineError('InvalidSettings', 'candidates must hold at least one ratio above 0 and below 1');
  if (target === undefined && selection.mode !== 'manual')
    throw new EngineError(
      'InvalidSettings',
      'target is missing: set the share of the cost to keep, such as 0.5',
    );
  if (target !== undefined && !(target > 0 && target <= 1))
    throw new EngineError('InvalidSettings', `target must be above 0 and at most 1, not ${target}`);
  const { metric = 'top1' } = options;
  const fineTuneEach = options.fineTuneEach && settledFor(metric, options.fineTuneEach);
  if (fineTuneEach) checkFineTuneEach(fineTuneEach, data?.train);
  const drawn = Math.max(options.samples ?? 0, options.reconstruction?.samples ?? 0, randomSamples);
  const random: JobData = { random: { samples: drawn, seed: 0 } };
  const reconstruction: Reconstruction = {
    samples: 500,
    patches: data ? 10 : randomPatches,
    seed: 0,
    ...options.reconstruction,
    svd: data !== undefined && (options.reconstruction?.svd ?? true),
  };
  return {
    model,
    out,
    technique,
    target,
    method,
    selection,
    hasData: data !== undefined,
    fineTuneEach,
    scoring: {
      candidates: options.candidates ?? candidateRatios(),
      evaluate: data?.evaluate ?? random,
      train: data?.train ?? random,
      samples: options.samples ?? (data ? 500 : randomSamples),
      reconstruction,
      metric,
    },
  };
}
