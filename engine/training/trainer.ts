import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';

import type { Batch, Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import { Session } from '../runtime/session';
import { floats } from '../tensor/tensor';
import { type BatchSource, gathered } from './batches';
import { checkData, checkInput, checkSettings, type TrainingSettings } from './checks';
import { Checkpoints, type TrainingState } from './checkpoint';
import { divergence } from './divergence';
import { probeBlock } from './lowering/probe';
import { pack, unpack, withOwnConstants, withValues } from './parameters';
import { ratesAt } from './schedule';
import { measureShapes } from './shapes';
import { buildTrainingStep, names, type TrainingStep } from './step';

/** How training tells of itself and hears that it should stop. */
export interface Monitor {
  report(progress: { done: number; total: number; note: string; checkpoint?: string }): void;
  /** @throws when training should stop. */
  checkStop(): void;
}

export interface TrainingOptions {
  readonly settings: TrainingSettings;
  readonly threads: number;
  /** Folder for checkpoint files; made where there is none. */
  readonly checkpoints: string;
  readonly checkpointSeconds: number;
  /** A checkpoint to go on from. */
  readonly resume?: string;
  readonly monitor: Monitor;
  /** How messages call the files. */
  readonly sources: { readonly images: string; readonly labels?: string };
  /** Where batches come from, of `settings.batch` images; read from the data as they are asked for by default. Closed. */
  readonly batches?: BatchSource;
}

export interface Trained {
  /** The given graph with new values in its initializers. */
  readonly graph: Graph;
  readonly steps: number;
  readonly resumedAt: number;
  /** Mean loss over the samples of each epoch. */
  readonly losses: readonly number[];
  /** The loss of each step. */
  readonly stepLosses: readonly number[];
}

const reportEvery = 500;
const retriesAllowed = 2;

/**
 * Trains a classifier by stochastic gradient descent. The result is a function of graph, data, settings and number of
 * threads: interrupted and resumed training ends in the same bits.
 * @throws EngineError `UnsupportedModel`, `InvalidData`, `InvalidSettings`; `Diverged` when the loss still diverges
 * after two new starts, each with a tenth of the learning rate.
 */
export async function train(graph: Graph, data: Dataset, options: TrainingOptions): Promise<Trained> {
  const { settings, threads, sources } = options;
  checkSettings(settings);
  checkInput(graph, data.shape, sources.images);
  const own = withOwnConstants(graph);
  const step = buildTrainingStep(own, await measureShapes(own, data.shape), {
    ...settings,
    block: await probeBlock(),
  });
  checkData(data, step.classes, sources.labels ?? sources.images);
  mkdirSync(options.checkpoints, { recursive: true });
  const checkpoints = new Checkpoints(options.checkpoints, step, identityOf(graph, data, options));
  const start: TrainingState = {
    step: 0,
    retries: 0,
    parameters: pack(own, step.parameters),
    momenta: new Float32Array(step.parameters.size),
    statistics: pack(own, step.statistics),
    losses: [],
  };
  const begun = options.resume ? checkpoints.read(options.resume) : start;
  const batches = options.batches ?? gathered(data, settings.batch, settings.seed);
  let session: Session | undefined;
  try {
    session = await Session.open(step.model, { threads, provider: 'cpu' });
    const run = new Run(session, step, data, batches, options, checkpoints);
    let state = begun;
    while (state.step < run.total) {
      const next = await run.epochs(state);
      // A new start, rather than the last checkpoint, keeps the result independent of when checkpoints were written.
      state = next ?? { ...start, retries: run.retry(state.retries) };
      if (!next) run.checkpoint(state);
    }
    const values = new Map([
      ...unpack(step.parameters, state.parameters),
      ...unpack(step.statistics, state.statistics),
    ]);
    const losses = run.epochLosses(state.losses);
    const stepLosses = state.losses;
    return { graph: withValues(graph, values), steps: run.total, resumedAt: begun.step, losses, stepLosses };
  } finally {
    await Promise.all([session?.close(), batches.close()]);
  }
}

/** What a checkpoint must agree on. */
function identityOf(graph: Graph, data: Dataset, { settings }: TrainingOptions): string {
  const { epochs, learningRate, batch, optimizer, momentum, weightDecay, schedule, seed, augment } = settings;
  const told = [epochs, learningRate, batch, optimizer, momentum, weightDecay, schedule, seed, augment];
  const hash = createHash('sha256').update(serializeModel(graph)).update(JSON.stringify(told));
  return hash.update(data.labels).digest('hex');
}

/** The loop over batches. */
class Run {
  readonly total: number;
  private readonly stepsPerEpoch: number;
  private reported = 0;
  private written = Date.now();
  /** ms that the last checkpoint took to write. */
  private writing = 0;
  private saved: number | undefined;

  constructor(
    private readonly session: Session,
    private readonly model: TrainingStep,
    private readonly data: Dataset,
    private readonly batches: BatchSource,
    private readonly options: TrainingOptions,
    private readonly checkpoints: Checkpoints,
  ) {
    this.stepsPerEpoch = Math.ceil(data.length / options.settings.batch);
    this.total = this.stepsPerEpoch * options.settings.epochs;
  }

  /** Trains from `state` to the end; undefined when the loss diverged. */
  async epochs(state: TrainingState): Promise<TrainingState | undefined> {
    const { settings, checkpointSeconds } = this.options;
    const schedule = { ...settings, learningRate: this.learningRate(state.retries) };
    const losses = [...state.losses];
    for (let current = { ...state, losses }; ;) {
      if (divergence(losses, this.model.classes, current.step === this.total)) return undefined;
      if (current.step === this.total) return current.parameters.every(Number.isFinite) ? current : undefined;
      this.checkStop(current);
      const rates = ratesAt(current.step, this.total, schedule);
      const batch = await this.batches.batch(current.step);
      const { loss, ...next } = await this.step(current, batch, rates);
      losses.push(loss);
      current = { ...current, ...next, step: current.step + 1, losses };
      this.report(current, rates.learningRate);
      // A large model's checkpoint takes its time: it may have a twentieth of the training's.
      const pause = Math.max(1000 * checkpointSeconds, checkpointSeconds && 20 * this.writing);
      if (current.step < this.total && Date.now() - this.written >= pause && Number.isFinite(loss)) {
        this.checkpoint(current);
      }
    }
  }

  /** Stops where that was asked, with a checkpoint first: what was trained since the last one is not lost. */
  private checkStop(state: TrainingState): void {
    try {
      this.options.monitor.checkStop();
    } catch (error) {
      if (state.step > 0 && this.saved !== state.step) this.checkpoint(state);
      throw error;
    }
  }

  /** Writes a checkpoint and reports it. */
  checkpoint(state: TrainingState): void {
    const begun = Date.now();
    const checkpoint = this.checkpoints.write(state);
    this.written = Date.now();
    this.writing = this.written - begun;
    this.saved = state.step;
    const note = `checkpoint at step ${state.step}`;
    this.options.monitor.report({ done: state.step, total: this.total, note, checkpoint });
  }

  /** The number of the next retry. @throws EngineError `Diverged` when it would be one too many. */
  retry(retries: number): number {
    if (retries < retriesAllowed) return retries + 1;
    const rates = Array.from({ length: retries + 1 }, (_, at) => this.learningRate(at));
    throw new EngineError(
      'Diverged',
      `the loss diverged with each of the learning rates ${rates.join(', ')}: set a learning rate below ` +
        `${rates[retries]}, and check that the images are normalized as the model expects`,
    );
  }

  /** Mean loss over the samples of each epoch. */
  epochLosses(losses: readonly number[]): number[] {
    const { batch, epochs } = this.options.settings;
    return Array.from({ length: epochs }, (_, epoch) => {
      const part = losses.slice(epoch * this.stepsPerEpoch, (epoch + 1) * this.stepsPerEpoch);
      const size = (at: number) => Math.min(batch, this.data.length - at * batch);
      return part.reduce((sum, loss, at) => sum + loss * size(at), 0) / this.data.length;
    });
  }

  private learningRate(retries: number): number {
    return Number((this.options.settings.learningRate / 10 ** retries).toPrecision(12));
  }

  private async step(
    { parameters, momenta, statistics }: TrainingState,
    { images, labels, size }: Batch,
    { learningRate, momentum }: { learningRate: number; momentum: number },
  ) {
    const vector = (data: Float32Array) => floats([data.length], data);
    const result = await this.session.run({
      [this.model.images]: floats([size, ...this.data.shape], images),
      [names.labels]: { type: 'int64', dims: [size], data: BigInt64Array.from(labels, BigInt) },
      [names.learningRate]: floats([], [learningRate]),
      [names.momentum]: floats([], [momentum]),
      [names.parameters]: vector(parameters),
      [names.momenta]: vector(momenta),
      ...(statistics.length ? { [names.statistics]: vector(statistics) } : {}),
    });
    const floatsOf = (name: string) => result[name].data as Float32Array;
    return {
      loss: floatsOf(names.loss)[0],
      parameters: floatsOf(names.nextParameters),
      momenta: floatsOf(names.nextMomenta),
      statistics: statistics.length ? floatsOf(names.nextStatistics) : statistics,
    };
  }

  private report({ step, losses }: TrainingState, learningRate: number): void {
    const now = Date.now();
    if (now - this.reported < reportEvery && step < this.total) return;
    this.reported = now;
    const epoch = Math.ceil(step / this.stepsPerEpoch);
    this.options.monitor.report({
      done: step,
      total: this.total,
      note:
        `epoch ${epoch}/${this.options.settings.epochs} · loss ${losses.at(-1)!.toFixed(3)} · ` +
        `lr ${Number(learningRate.toPrecision(3))}`,
    });
  }
}
