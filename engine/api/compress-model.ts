import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

import { packData, type WatchingData } from '../data/sources/pack-data';
import { EngineError } from '../errors';
import { checkTrainable } from '../jobs/check-trainable';
import { checkByHand } from '../jobs/choose-plan';
import type { LayerScores, ModelSummary, Progress, Rehearsal } from '../jobs/types';
import { type Machinery, type Method, type Selecting, type Technique, techniqueTraits } from '../names';
import { modelBytes, slotsFor } from '../pools/slots';
import { ProcessPool } from '../pools/process-pool';
import type { JobPool } from '../pools/thread-pool';
import { keepAllBut } from '../pruning/keep';
import { type ArrayOptions, type CompressOptions, settled } from './compress-options';
import { type CompressReport, report } from './compress-report';

/** Observes a compression and may stop it. */
export interface Watching {
  /** Threads of this process to use; by default processes, as many as cores and memory allow, for this call alone. */
  readonly pool?: JobPool;
  readonly signal?: AbortSignal;
  /** Called after each image, if the data have to be packed first. */
  readonly onData?: WatchingData['onProgress'];
  /** Called for each scored part, and as layers are compressed. */
  readonly onProgress?: (stage: 'scoring' | 'compressing', progress: Progress) => void;
  /** Called before anything long begins, with what the model consists of and what will mean little (`notes`). */
  readonly onAnalyzed?: (summary: ModelSummary) => void;
  /** Called with the eval scores, so that a later call can be given them. */
  readonly onScores?: (scores: readonly LayerScores[]) => void | Promise<void>;
}

/**
 * Compresses a model by one technique: computes eval scores of all its parts, side by side in processes, then
 * chooses units for each, then rewrites. It needs no server and leaves nothing but the compressed model.
 * @throws EngineError that names the file, layer or option and the fix
 * @example
 * ```ts
 * import { compressModel } from 'slimflow/engine';
 *
 * const split = { images: 'images.npy', labels: 'labels.npy' };
 * const { macsOriginal, macs, layers } = await compressModel(
 *   {
 *     model: 'model.onnx',
 *     out: 'small.onnx',
 *     technique: 'spatial-svd',
 *     target: 0.5,
 *     data: { train: { ...split, range: [0, 200] }, evaluate: { ...split, range: [200, 250] } },
 *   },
 *   { onProgress: (stage, { done, total }) => console.log(stage, done, total) },
 * );
 * console.log(macsOriginal, macs, layers.map(({ name, rank }) => `${name}: rank ${rank}`));
 * ```
 */
export async function compressModel(
  { data: source, ...rest }: CompressOptions,
  { pool: given, signal, onData, onProgress, onAnalyzed, onScores }: Watching = {},
): Promise<CompressReport> {
  const options: ArrayOptions = {
    ...rest,
    data: source && (await packData(source, { signal, onProgress: onData })),
  };
  const settings = settled(options);
  const { model, out, technique, selection, target } = settings;
  const { data } = options;
  const cores = Math.max(1, availableParallelism());
  const slots = given ? cores : slotsFor(modelBytes(model), cores, freemem());
  const machinery: Machinery = {
    provider: 'auto',
    linearAlgebra: 'auto',
    threads: Math.floor(cores / slots),
    ...options.machinery,
  };
  // A layer that fails makes the rest useless, so it stops them.
  const stop = new AbortController();
  const ended = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  setMaxListeners(0, ended); // every job listens, more than Node expects of one signal
  const pool = given ?? new ProcessPool({ slots });
  const scratch = await mkdtemp(join(tmpdir(), 'slimflow-'));
  try {
    const { technique: _technique, ...rest } = settings.method;
    const { metric } = settings.scoring;
    const byMetric = data && rest.score === 'metric';
    const fit = byMetric ? { data: [data.train, data.evaluate], metric } : {};
    const rehearsal: Rehearsal = {
      machinery: { ...machinery, threads: cores },
      runs: data ? [settings.scoring.train, settings.scoring.evaluate] : [settings.scoring.train],
      ...(byMetric && { judged: { data: [data.evaluate], metric } }),
      fineTune: settings.fineTuneEach && {
        data: data!.train,
        settings: settings.fineTuneEach,
        teacher: settings.fineTuneEach.distillation && model,
      },
      gradients: settings.method.importance === 'taylor' && techniqueTraits[technique].units === 'channels',
      latency: settings.method.cost === 'latency',
    };
    const summary = await pool.run(
      'analyze',
      { ...rest, ...fit, model, images: data?.train, rehearsal },
      { signal: ended },
    );
    onAnalyzed?.(summary);
    const method: Method = { ...settings.method, inputSize: rest.inputSize ?? summary.inputSize };
    const parts = summary.parts.filter((part) => part.technique === technique);
    if (settings.fineTuneEach) checkTrainable(model, 4 * summary.params);
    if (!parts.length) throw nothingToCompress(model, technique, summary);
    checkByHand(parts, technique, selection);
    for (const { name, units } of parts)
      if (Object.hasOwn(selection.channels, name)) keepAllBut(units, selection.channels[name], name);
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
          checkpointSeconds: Infinity, // the folder is removed afterwards, so nobody can resume from it
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

/** Computes the eval scores of all parts; none are needed if everything is set by hand. */
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
  // Threads must not be ended inside native code, so wait for all of them.
  await Promise.allSettled(scoring);
  return first;
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
