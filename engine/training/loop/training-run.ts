import type { Batch } from '../../data/dataset';
import { EngineError } from '../../errors';
import { metricWords } from '../../names';
import { sizeOf } from '../../tensor/tensor';
import { type BatchSource, stepsPerEpoch } from '../batches/batches';
import { Pace, stepsAhead } from './call-length';
import type { Computer } from './micro-batching';
import { divergence, finite, goodEvery, type Scale, steady } from './divergence';
import { epochToJudge, type Evaluating, exhausted, judged } from './evaluation';
import { describeRetry, learningRateAfter, retried } from './retries';
import { leastScale, lossScaling } from '../optimizers/loss-scaling';
import { ratesAt } from '../optimizers/schedule';
import type { TrainingSettings } from '../settings';
import type { Snapshot, TrainingState } from './state';
import type { Watch } from './monitor';

/** Options of a run of the training loop. */
export interface RunOptions {
  readonly settings: TrainingSettings;
  /** Samples per epoch. */
  readonly samples: number;
  /** Shape of an image. */
  readonly image: readonly number[];
  readonly batches: BatchSource;
  readonly computer: Pick<Computer, 'steps' | 'stepsPerCall' | 'microBatch'>;
  readonly watch: Watch;
  /** Most ms of a call of several steps; 1000 by default. */
  readonly callMs?: number;
  /** The state before the first step. */
  readonly beginning: Snapshot;
  readonly scale: Scale;
  /** When the model is judged, and by what: a metric in points of the weights of a state. */
  readonly evaluating?: Evaluating;
  readonly judge?: (snapshot: Snapshot) => Promise<number>;
}

/** Returns the number of steps of a whole training. */
export const totalSteps = ({ epochs, batch }: TrainingSettings, samples: number): number =>
  epochs * stepsPerEpoch(samples, batch);

/**
 * The loop over batches. What it does at a step (go back, judge, keep a good state, stop) depends only on the state, so
 * that interrupted training resumes as if it had not been interrupted.
 */
export class TrainingRun {
  private readonly stepsPerEpoch: number;
  private readonly total: number;
  private readonly goodEvery: number;
  private readonly pace: Pace;

  constructor(private readonly options: RunOptions) {
    const { settings, samples, image, callMs } = options;
    this.stepsPerEpoch = stepsPerEpoch(samples, settings.batch);
    this.total = totalSteps(settings, samples);
    this.goodEvery = goodEvery(this.total, this.stepsPerEpoch);
    this.pace = new Pace(4 * sizeOf(image) * settings.batch, callMs);
  }

  /**
   * Trains from `begun` to the end.
   * @throws EngineError `Diverged` if the loss still diverges after the allowed retries
   */
  async finish(begun: TrainingState): Promise<TrainingState> {
    const { watch, settings, beginning, evaluating } = this.options;
    for (let state = begun; ;) {
      const { why, ...at } = await this.arrived(state);
      state = at.state;
      if (why) {
        state = retried(state, why, { learningRate: settings.learningRate, beginning });
        watch.tell(state, describeRetry(state.retries.at(-1)!));
        // A worker that is killed right after this need not diverge again.
        watch.checkpoint(state);
        continue;
      }
      if (state.step === this.total || exhausted(state, evaluating?.patience)) return state;
      watch.checkpointOnTime(state);
      watch.checkStop(state);
      state = await this.advance(state);
    }
  }

  /** Decides about a state before the next step: why to go back, or the state as judged and kept. */
  private async arrived(state: TrainingState): Promise<{ state: TrainingState; why?: string }> {
    const { scale, evaluating, settings, judge, watch } = this.options;
    const { step, losses, vectors } = state;
    const over = step === this.total;
    const why = divergence(losses, scale, over);
    if (why) return { state, why };
    const kept = step > state.good.step && step % this.goodEvery === 0 && steady(losses, scale);
    if ((over || kept) && !Object.values(vectors).every(finite))
      return { state, why: 'the weights became infinite' };
    if ((over || step % this.goodEvery === 0) && vectors[lossScaling]?.[0] < leastScale)
      return { state, why: 'float16 could not hold the gradients at any loss scale' };
    const next: TrainingState = kept ? { ...state, good: { step, vectors } } : state;
    const epoch = evaluating && epochToJudge(next, this.stepsPerEpoch);
    if (epoch === undefined) return { state: next };
    try {
      const value = await judge!(next);
      watch.tell(
        next,
        `epoch ${epoch}/${settings.epochs} · ${metricWords(evaluating!.metric)} ${value.toFixed(2)}`,
      );
      return { state: judged(next, epoch, value) };
    } catch (error) {
      // The model could be judged before, so what it computes now is NaN.
      const broken = epoch > 0 && error instanceof EngineError && error.code === 'UnsupportedModel';
      // Judging may be asked to stop too, and what was trained until then must be kept.
      if (!broken) watch.checkStop(next);
      if (!broken) throw error;
      return { state, why: `evaluation after epoch ${epoch} failed: ${error.message}` };
    }
  }

  /** Returns the state after the next call. If its losses diverge on the way, that after the step at which they did. */
  private async advance(state: TrainingState): Promise<TrainingState> {
    const { settings, computer, watch, scale } = this.options;
    const { step, retries, losses } = state;
    const learningRate = learningRateAfter(settings.learningRate, retries.length);
    const numbers = Array.from({ length: this.ahead(state) }, (_, at) => step + at);
    const rates = numbers.map((number) => ratesAt(number, this.total, { ...settings, learningRate }));
    const batches = await this.batchesOf(numbers);
    const begun = performance.now();
    const { losses: told, vectors } = await computer.steps(state.vectors, { first: step, batches, rates });
    this.pace.measured(performance.now() - begun, told.length);
    for (const loss of told) {
      losses.push(loss);
      // The last one is judged once the state is reached. Until then only the losses of these steps are needed.
      if (losses.length < step + told.length && divergence(losses, scale, false)) break;
    }
    const next = { ...state, step: losses.length, vectors, microBatch: this.pieces(state) };
    watch.report(next, () => {
      const epoch = Math.ceil(next.step / this.stepsPerEpoch);
      const rate = Number(rates[next.step - step - 1].learningRate.toPrecision(3));
      return `epoch ${epoch}/${settings.epochs} · loss ${losses.at(-1)!.toFixed(3)} · lr ${rate}`;
    });
    return next;
  }

  /** Returns the length of the next call. */
  private ahead({ step }: TrainingState): number {
    const { settings, samples, computer } = this.options;
    const { total, stepsPerEpoch, goodEvery } = this;
    const ragged = samples % settings.batch > 0;
    const course = { step, total, stepsPerEpoch, goodEvery, ragged };
    return stepsAhead(course, this.pace.most(computer.stepsPerCall));
  }

  private async batchesOf(steps: readonly number[]): Promise<Batch[]> {
    const { batches } = this.options;
    if (steps.length === 1) return [await batches.batch(steps[0])];
    const all: Batch[] = [];
    // The source may reuse the arrays of one batch for the next.
    for (const step of steps) all.push(copied(await batches.batch(step)));
    return all;
  }

  /** Decides how batches are computed from this step on. */
  private pieces({ step, microBatch }: TrainingState): TrainingState['microBatch'] {
    const size = this.options.computer.microBatch;
    return size === undefined || size === microBatch?.size ? microBatch : { size, since: step };
  }
}

const copied = ({ images, labels, ...rest }: Batch): Batch => ({
  ...rest,
  images: images.slice(),
  labels: labels.slice(),
});
