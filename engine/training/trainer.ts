import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';

import type { Dataset } from '../data/dataset';
import { Spread } from '../data/spread';
import type { Graph } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import { feederOf } from '../runtime/feeds';
import { evaluate } from '../runtime/measure-metric';
import type { ProviderChoice } from '../names';
import { resolveProvider } from '../runtime/providers';
import { freeMemory } from '../runtime/free-memory';
import { cutAtHeads, headsOf } from './losses/heads';
import { Session } from '../runtime/session';
import { type Tensor, toBytes } from '../tensor/tensor';
import { checkVariedNumbers } from './batches/augment';
import { type BatchSource, stepsPerEpoch } from './batches/batches';
import { Checkpoints } from './loop/checkpoint';
import { checkLabelsOf } from './check-data';
import { fixedBatchOf } from './fixed-batch';
import { type OpenSession } from './loop/step-calls';
import { Computer } from './loop/micro-batching';
import { checkEvaluating, type Evaluating } from './loop/evaluation';
import { blockFor } from './lowering/probe';
import { footprintOf, piecesFor } from './step-memory';
import { inFixedBatches, largeLabels, mixedOnCpu, notesOf } from './training-notes';
import { withOwnConstants, withValues } from './parameters/parameters';
import { gathered } from './batches/pipeline';
import { restoreNorms } from './parameters/restore-norm';
import { TrainingRun, totalSteps } from './loop/training-run';
import { checkSettings } from './setting-rules';
import { isMixed, needsLabels, stepsPerCallOf, type TrainingSettings } from './settings';
import { measureShapes } from './emit/batch-shapes';
import {
  type EpochEvaluation,
  initialState,
  type Retry,
  type Snapshot,
  type TrainingState,
} from './loop/state';
import { openGraphLoss } from './losses/graph-loss';
import { buildTrainingStep, type StepSettings, type TrainingStep } from './step/step';
import { valuesOf } from './parameters/vectors';
import { type Monitor, Watch } from './loop/monitor';

/** Options of a training. */
export interface TrainingOptions {
  readonly settings: TrainingSettings;
  readonly threads: number;
  /**
   * Execution provider that computes steps and judges the model; `cpu` by default. On others convolutions keep the
   * plain layout.
   */
  readonly provider?: ProviderChoice;
  /** Folder for checkpoint files; created if missing. */
  readonly checkpoints: string;
  readonly checkpointSeconds: number;
  /** Checkpoint to resume from. */
  readonly resume?: string;
  readonly monitor: Monitor;
  /** Model to distill from, usually the original; as returned by `openModel`. */
  readonly teacher?: Graph;
  /** Names of the files in messages. */
  readonly sources: { readonly images: string; readonly labels?: string };
  /** Data whose labels are checked; those that are trained on by default. */
  readonly checked?: Dataset;
  /** Judges the model during training and keeps the best state; if undefined, the last one is the result. */
  readonly evaluate?: Evaluating;
  /**
   * Source of batches of `settings.batch` images; by default they are made from the data on demand. It is closed at the
   * end.
   */
  readonly batches?: BatchSource;
  /** Opens sessions. */
  readonly open?: OpenSession;
  /**
   * Returns the bytes that training may take; by default what the machine has free, and unlimited on devices other than
   * the CPU.
   */
  readonly freeBytes?: () => number;
  /** Most ms of a call of several steps; 1000 by default. */
  readonly callMs?: number;
}

/** A trained model. */
export interface Trained {
  /** The given graph with new values in its initializers. */
  readonly graph: Graph;
  /** Steps done; fewer than requested if training stopped early. */
  readonly steps: number;
  readonly resumedAt: number;
  /** Mean loss over the samples of each epoch. */
  readonly losses: readonly number[];
  /** The loss of each step done. */
  readonly stepLosses: readonly number[];
  /** Returns to an earlier state with a lower learning rate. */
  readonly retries: readonly Retry[];
  /** The metric after each epoch that was judged, starting with the given model (epoch 0). */
  readonly evaluations: readonly EpochEvaluation[];
  /** The epoch whose state `graph` holds, if the model was judged. */
  readonly best?: { readonly epoch: number; readonly value: number };
  /** Sentences about what differed from the request. */
  readonly notes: readonly string[];
}

/**
 * Trains a model. The result depends only on graph, data, settings, execution provider and number of threads:
 * interrupted and resumed training is bit-identical.
 * @throws EngineError `UnsupportedModel`, `InvalidData`; `InvalidSettings`, also for an execution provider that cannot
 * be used; `Diverged` if the loss still diverges after two returns to the last good state, each with a tenth of the
 * learning rate
 */
export async function train(graph: Graph, data: Dataset, options: TrainingOptions): Promise<Trained> {
  const batches = options.batches ?? gathered(data, options.settings);
  try {
    return await trainOn(batches, graph, data, options);
  } finally {
    await batches.close();
  }
}

async function trainOn(
  batches: BatchSource,
  graph: Graph,
  data: Dataset,
  options: TrainingOptions,
): Promise<Trained> {
  const { threads, sources, evaluate: evaluating, monitor } = options;
  checkSettings(options.settings, !!options.teacher);
  const teacher = options.teacher && cutAtHeads(options.teacher, options.settings);
  const fixed = fixedBatchOf(data, options.settings, graph, teacher);
  // Pieces of the batch that the model takes.
  const settings =
    fixed === undefined ? options.settings : { ...options.settings, microBatch: fixed, stepsPerCall: 1 };
  const provider = await resolveProvider(options.provider ?? 'cpu');
  if (evaluating) checkEvaluating(evaluating);
  for (const fed of [graph, ...(teacher ? [teacher] : [])]) feederOf(fed, data); // says what does not fit
  const { graph: own, fold } = await prepared(graph, data, { ...options, settings, provider }, fixed);
  const shapes = await measureShapes(own, data, fixed);
  const mixed = isMixed(settings, provider);
  const stepSettings = {
    ...settings,
    mixed,
    block: mixed ? undefined : await blockFor(provider),
    ...labelling(data, settings, !!teacher),
    ...(settings.lossGraph !== undefined && {
      graphLoss: await openGraphLoss(settings.lossGraph, own, shapes, data),
    }),
    ...(settings.distillation?.logits === 'heads' && { heads: headsOf(graph) }),
    teacher: teacher && { graph: teacher, shapes: await measureShapes(teacher, data, fixed) },
  };
  const step = buildTrainingStep(own, shapes, stepSettings);
  const file = sources.labels ?? sources.images;
  checkLabelsOf(options.checked ?? data, step, stepSettings, file);
  if (settings.augment && step.labels === 'score' && settings.loss === 'mean-squared-error')
    checkVariedNumbers(settings.augment, data.shape, data, file);

  mkdirSync(options.checkpoints, { recursive: true });
  const checkpoints = new Checkpoints(
    options.checkpoints,
    step.vectors,
    identityOf(graph, data, step, options),
  );
  const { batch } = settings;
  const freeBytes = options.freeBytes ?? (provider === 'cpu' ? freeMemory : () => Infinity);
  const footprint = footprintOf(own, shapes, step);
  const beginning = initialState(own, step, piecesFor(footprint, settings, data.length, freeBytes()));
  const begun = options.resume ? checkpoints.read(options.resume, beginning) : beginning;
  const resumedAt = begun.step;
  const open: OpenSession = options.open ?? ((model) => Session.open(model, { threads, provider }));
  const model = { graph: own, shapes, settings: stepSettings, step };
  const computer = new Computer(model, open, begun.microBatch?.size, stepsPerCallOf(settings, provider));
  const trained = ({ vectors }: Snapshot) => fold(valuesOf(step.vectors, vectors));
  try {
    const total = totalSteps(settings, data.length);
    const ended = await new TrainingRun({
      settings,
      samples: data.length,
      image: data.shape,
      batches,
      computer,
      evaluating,
      beginning: { step: 0, vectors: beginning.vectors },
      callMs: options.callMs,
      watch: new Watch(monitor, checkpoints, options.checkpointSeconds, total),
      scale: step,
      judge:
        evaluating &&
        ((snapshot) =>
          evaluate(trained(snapshot), evaluating.data, {
            metric: evaluating.metric,
            threads,
            provider,
            onBatch: () => monitor.checkStop(),
          })),
    }).finish(begun);
    const { best, retries, evaluations } = ended;
    return {
      graph: trained(best ?? ended),
      steps: ended.step,
      resumedAt,
      losses: epochLosses(ended, batch, data.length),
      stepLosses: ended.losses,
      retries,
      evaluations,
      best: best && { epoch: best.epoch, value: best.value },
      notes: [
        ...step.notes,
        ...(fixed === undefined ? [] : [inFixedBatches(fixed)]),
        ...(step.labels === 'score' ? largeLabels(stepSettings.labelSpread, file) : []),
        ...(mixed && provider === 'cpu' ? [mixedOnCpu] : []),
        ...notesOf(ended, settings, data.length),
      ],
    };
  } finally {
    await computer.close();
  }
}

/** Describes labels to a step, if it reads any. */
function labelling(data: Dataset, settings: TrainingSettings, taught: boolean): Partial<StepSettings> {
  const { labelShape, floatLabels, unknownLabels } = data;
  if (!needsLabels(settings, taught)) return {};
  // A user's loss may do without.
  if (settings.lossGraph === undefined) data.requireLabels();
  const spread = new Spread();
  if (settings.loss === 'mean-squared-error')
    for (const labels of data.eachLabels()) spread.add(labels, labelShape);
  return { labelShape, floatLabels, unknownLabels, ...(spread.count && { labelSpread: spread.variance }) };
}

/** Prepares the graph to train, with normalizations restored if requested, and says how its values become a model's. */
async function prepared(
  graph: Graph,
  data: Dataset,
  { settings, threads, provider }: TrainingOptions,
  fixed: number | undefined,
) {
  const whole = withOwnConstants(graph);
  const own = cutAtHeads(whole, settings);
  if (settings.batchNorm !== 'restore')
    return { graph: own, fold: (values: ReadonlyMap<string, Tensor>) => withValues(graph, values) };
  const batch = fixed ?? settings.batch;
  const restored = await restoreNorms(own, await measureShapes(own, data, fixed), data, {
    ...settings,
    batch,
    threads,
    provider,
  });
  return { ...restored, fold: (values: ReadonlyMap<string, Tensor>) => restored.fold(values, whole) };
}

/** Computes the identity that a checkpoint must match. */
function identityOf(
  graph: Graph,
  data: Dataset,
  { vectors }: TrainingStep,
  options: TrainingOptions,
): string {
  const { teacher, evaluate: evaluating } = options;
  // The number of steps per call does not change the result: training may resume with another one.
  const { stepsPerCall: _, ...settings } = options.settings;
  const { data: judging, ...how } = evaluating ?? {};
  const sorted = (fields: object) => Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  const layouts = vectors.map(({ name, layout }) => [name, layout.entries]);
  const hash = createHash('sha256').update(serializeModel(graph));
  hash.update(JSON.stringify([sorted(settings), sorted(how), layouts]));
  if (teacher) hash.update(serializeModel(teacher));
  for (const set of [data, judging]) {
    if (set?.labelled) for (const labels of set.eachLabels()) hash.update(labels);
    if (!set) continue;
    const { images, inputs = {} } = set.gather(spread(set.length));
    hash.update(images);
    for (const name of Object.keys(inputs).sort()) hash.update(toBytes(inputs[name]));
  }
  return hash.digest('hex');
}

/** Picks a few rows of a data set: images that are different, or are read differently, differ in some of them. */
const spread = (length: number): number[] => {
  const count = Math.min(length, 8);
  return Array.from({ length: count }, (_, at) => Math.floor((at * length) / count));
};

/** Mean loss over the samples of each epoch done. */
function epochLosses({ losses }: TrainingState, batch: number, samples: number): number[] {
  const steps = stepsPerEpoch(samples, batch);
  return Array.from({ length: losses.length / steps }, (_, epoch) => {
    const part = losses.slice(epoch * steps, (epoch + 1) * steps);
    const size = (at: number) => Math.min(batch, samples - at * batch);
    return part.reduce((sum, loss, at) => sum + loss * size(at), 0) / samples;
  });
}
