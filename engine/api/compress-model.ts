import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DatasetSource } from '../data/source';
import type { MetricName } from '../data/metric';
import { EngineError } from '../errors';
import { keepAllBut } from '../pruning/keep';
import { candidateRatios } from '../ratios/candidate-ratios';
import { checkByHand } from '../jobs/choose-plan';
import { checkFineTuneEach } from '../jobs/layer-by-layer';
import type { JobData } from '../jobs/open-data';
import {
  type CostName,
  type Machinery,
  type Method,
  type Reconstruction,
  type ScoreName,
  type Selecting,
  type Technique,
  techniqueTraits,
} from '../names';
import { plainMethod } from '../jobs/list-parts';
import { JobPool } from '../pools/thread-pool';
import { modelBytes, slotsFor } from '../pools/slots';
import { settledFor } from '../training/losses-for-metric';
import { checkTrainable } from '../jobs/check-trainable';
import type { Compression, FineTuneSettings, LayerScores, ModelSummary, Progress } from '../jobs/types';

/** What `compressModel` is asked for; what is left out has the default of a spec. */
export interface CompressOptions {
  readonly model: string;
  /** Where to write the compressed model. */
  readonly out: string;
  readonly technique: Technique;
  /** Asked cost relative to the model's; may be left out in mode `manual`. */
  readonly target?: number;
  readonly method?: Partial<Omit<Method, 'technique' | 'score'>>;
  readonly selection?: Partial<Selecting>;
  /** Without data, seeded random inputs stand in, and the score is fidelity. */
  readonly data?: { readonly evaluate: DatasetSource; readonly train: DatasetSource };
  readonly score?: ScoreName;
  readonly metric?: MetricName;
  /** Samples that a score is computed on. */
  readonly samples?: number;
  readonly candidates?: readonly number[];
  readonly reconstruction?: Partial<Reconstruction>;
  readonly machinery?: Partial<Omit<Machinery, 'threads'>>;
  /** Fine-tunes behind each compressed layer, which needs data with labels; `epochs` may be a fraction. */
  readonly fineTuneEach?: FineTuneSettings;
  /** Eval scores of an earlier call on the same model with the same method. */
  readonly scores?: readonly LayerScores[];
}

/** What came out, in the shape of `slimflow compress --json`. */
export interface CompressReport {
  readonly technique: Technique;
  readonly cost: CostName;
  readonly target: number | null;
  readonly achieved: number;
  readonly macs: number;
  readonly macsOriginal: number;
  readonly params: number;
  readonly paramsOriginal: number;
  readonly layers: readonly CompressedLayer[];
  /** Layers that the technique had to leave alone. */
  readonly frozen: readonly { readonly name: string; readonly why: string }[];
  readonly warnings: readonly string[];
  /** Why the target was not reached, and the nearest ratio that is; null where it was. */
  readonly shortfall: string | null;
  readonly computedBy: Compression['computedBy'];
}

export interface CompressedLayer {
  readonly name: string;
  readonly kind: string;
  /** What is left of it: of its cost (MACs for `latency`), or of its channels. */
  readonly ratio: number;
  readonly rank?: number;
  readonly channels?: number;
}

export interface Watching {
  /** Worker threads to use; by default as many as there are cores and memory for, for this call alone. */
  readonly pool?: JobPool;
  readonly signal?: AbortSignal;
  readonly onProgress?: (stage: 'scoring' | 'compressing', progress: Progress) => void;
  /** Told of the eval scores, so that a later call can be given them. */
  readonly onScores?: (scores: readonly LayerScores[]) => void | Promise<void>;
}

/** Random inputs drawn where no data are given. */
const randomSamples = 32;
/** Patches of each, more than of images, which there are more of. */
const randomPatches = 100;

/**
 * Compresses a model by one technique: eval scores of all its parts, side by side in worker threads, then units for
 * each, then the rewrites. It needs no server and leaves nothing but the compressed model.
 * @throws EngineError naming the file, layer or option and the mend.
 */
export async function compressModel(
  options: CompressOptions,
  { pool: given, signal, onProgress, onScores }: Watching = {},
): Promise<CompressReport> {
  const settings = settled(options);
  const { model, out, technique, method, selection, target } = settings;
  const { data } = options;
  const cores = Math.max(1, availableParallelism());
  const slots = given ? cores : slotsFor(modelBytes(model), cores, freemem());
  const machinery: Machinery = {
    provider: 'auto',
    linearAlgebra: 'auto',
    threads: Math.floor(cores / slots),
    ...options.machinery,
  };
  // One layer that fails makes the rest useless: it stops them.
  const stop = new AbortController();
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  setMaxListeners(0, ended); // every job listens, more than Node expects of one signal
  const pool = given ?? new JobPool({ slots });
  const scratch = await mkdtemp(join(tmpdir(), 'slimflow-'));
  try {
    const { technique: _technique, ...rest } = method;
    const { metric } = settings.scoring;
    const fit = data && method.score === 'metric' ? { data: [data.train, data.evaluate], metric } : {};
    const summary = await pool.run('analyze', { ...rest, ...fit, model }, { signal: ended });
    const parts = summary.parts.filter((part) => part.technique === technique);
    if (settings.fineTuneEach) checkTrainable(model, 4 * summary.params);
    if (!parts.length) throw nothingToCompress(model, technique, summary);
    checkByHand(parts, technique, selection);
    for (const { name, units } of parts)
      if (selection.channels[name]) keepAllBut(units, selection.channels[name], name);
    const factors: Record<string, string> = {};
    const scored = async (layer: string, at: number): Promise<LayerScores> => {
      factors[layer] = join(scratch, `${at}.safetensors`);
      return pool.run(
        'scoreLayer',
        { ...settings.scoring, model, method, layer, machinery, factors: factors[layer] },
        { signal: ended },
      );
    };
    const scores =
      options.scores ??
      (await scoreAll(
        parts.map(({ name }) => name),
        selection,
        target,
        scored,
        stop,
        onProgress,
      ));
    await onScores?.(scores);
    const { train, reconstruction } = settings.scoring;
    const compression = await pool.run(
      'compress',
      {
        model,
        method,
        selection,
        scores,
        train,
        reconstruction,
        out,
        target,
        factors: options.scores ? {} : factors,
        machinery: { ...machinery, threads: cores },
        fineTuneEach: settings.fineTuneEach && {
          settings: settings.fineTuneEach,
          checkpoints: join(scratch, 'checkpoints'),
          checkpointSeconds: Infinity, // nobody goes on from a folder that is gone
        },
      },
      { signal: ended, onProgress: (progress) => onProgress?.('compressing', progress) },
    );
    return report(settings, summary, compression);
  } finally {
    if (!given) await pool.close();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The eval scores of all parts; by hand alone, none are needed. */
async function scoreAll(
  parts: readonly string[],
  { mode }: Selecting,
  target: number | undefined,
  scored: (layer: string, at: number) => Promise<LayerScores>,
  stop: AbortController,
  onProgress: Watching['onProgress'],
): Promise<LayerScores[]> {
  if (mode === 'manual' && target === undefined) return [];
  let done = 0;
  const scoring = parts.map(async (name, at) => {
    try {
      const scores = await scored(name, at);
      onProgress?.('scoring', { done: ++done, total: parts.length, note: name });
      return scores;
    } catch (error) {
      stop.abort();
      throw error;
    }
  });
  const first = Promise.all(scoring);
  first.catch(() => undefined); // it is thrown below: until then nobody listens, which would end the process
  // Threads must not be ended inside native code: all have to come back first.
  await Promise.allSettled(scoring);
  return first;
}

/** The options with every default in its place. */
function settled({ model, out, technique, target, data, ...options }: CompressOptions) {
  const score: ScoreName = data ? (options.score ?? 'metric') : 'fidelity';
  if (!data && options.score === 'metric')
    throw new EngineError(
      'InvalidSettings',
      'score metric needs data with labels: give data, or take fidelity',
    );
  if (score === 'metric' && data && data.evaluate.labels === undefined)
    throw new EngineError(
      'InvalidSettings',
      `score metric needs labels, and ${data.evaluate.images} comes without: name a file of them in data.evaluate.labels, or take fidelity`,
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
    throw new EngineError(
      'InvalidSettings',
      'mode manual holds what is given by hand, and nothing is: give a ratio or channels',
    );
  if (options.candidates && !options.candidates.some((ratio) => ratio > 0 && ratio < 1))
    throw new EngineError('InvalidSettings', 'candidates are ratios above 0 and below 1, one at least');
  if (target === undefined && selection.mode !== 'manual')
    throw new EngineError(
      'InvalidSettings',
      'target is missing: the share of the cost to be left, such as 0.5',
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

function report(
  { technique, method, target, hasData }: ReturnType<typeof settled>,
  summary: ModelSummary,
  { achieved, macs, params, plan, shortfall, notes, computedBy }: Compression,
): CompressReport {
  const byName = new Map(summary.layers.map((layer) => [layer.name, layer]));
  const kinds = new Map(summary.parts.map((part) => [part.name, byName.get(part.layers[0])]));
  const warnings = hasData
    ? [...notes]
    : [
        'no data was given: scores and refits come from random inputs, and real data give a better model',
        ...notes,
      ];
  return {
    technique,
    cost: method.cost,
    target: target ?? null,
    achieved,
    macs,
    macsOriginal: summary.macs,
    params,
    paramsOriginal: summary.params,
    layers: plan.map(({ layer, units, ratio }) => ({
      name: layer,
      kind: kinds.get(layer)?.kind ?? '',
      ratio,
      [techniqueTraits[technique].units]: units,
    })),
    frozen: summary.frozen
      .filter((one) => one.technique === technique)
      .map(({ name, why }) => ({ name, why })),
    warnings: [...summary.notes, ...warnings],
    shortfall: shortfall ?? null,
    computedBy,
  };
}

const nothingToCompress = (
  model: string,
  technique: Technique,
  { frozen, notes }: ModelSummary,
): EngineError =>
  new EngineError(
    'UnsupportedModel',
    [
      `model ${model} has no layer that ${technique} can compress`,
      ...frozen
        .filter((one) => one.technique === technique)
        .slice(0, 3)
        .map(({ name, why }) => `${name}: ${why}`),
      ...notes,
    ].join('; '),
  );
