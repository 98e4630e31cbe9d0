import { EngineError } from '../errors';
import type { Labels } from './dataset';
import type { Metric } from './metric-rule';
import { checkCount, checkOutputs, wrongShape } from './metric-checks';
import { RatioError } from './ratio-error';

/**
 * Checks a batch for metrics that read labels of 0 and 1.
 * @throws EngineError as `Metric.add` does
 */
function checkBatch(metric: string, outputs: Float32Array, labels: Labels): void {
  checkCount(metric, labels, outputs.length);
  checkOutputs(outputs);
  const wrong = labels.find((label: number) => label !== 0 && label !== 1 && !Number.isNaN(label));
  if (wrong === undefined) return;
  throw new EngineError(
    'InvalidData',
    `metric ${metric} needs labels of 0 and 1, but one is ${wrong}: round the labels of the evaluation and test split, or choose a metric for numbers (r2, rmse-score, mae-score)`,
  );
}

/**
 * F1 over all scores of all samples together, as in scikit-learn's f1_score(average='micro'): a score above the
 * threshold means yes. 0 if nothing is yes, neither labelled nor predicted.
 */
export class F1Micro implements Metric {
  /** Twice the scores that are both labelled and found, and the labelled and the found ones, sample by sample. */
  private readonly spread = new RatioError();

  constructor(private readonly threshold: number) {}

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    checkBatch('f1-micro', outputs, labels);
    const scores = outputs.length / dims[0];
    for (let first = 0; first < outputs.length; first += scores)
      this.addSample(outputs.subarray(first, first + scores), labels.subarray(first, first + scores));
  }

  private addSample(outputs: Float32Array, labels: Labels): void {
    let [shared, labelled, yes] = [0, 0, 0];
    for (let at = 0; at < outputs.length; at++) {
      if (Number.isNaN(labels[at])) continue;
      const found = Number(outputs[at] > this.threshold);
      shared += found * labels[at];
      labelled += labels[at];
      yes += found;
    }
    this.spread.add(2 * shared, labelled + yes);
  }

  value(): number {
    const { ratio } = this.spread;
    return Number.isNaN(ratio) ? 0 : 100 * ratio;
  }

  standardError(): number | undefined {
    return this.spread.points;
  }

  get state(): object {
    return this.spread.state;
  }

  set state(known: object) {
    this.spread.state = known;
  }
}

/**
 * Average precision of each class, averaged over the classes that some sample has, as in scikit-learn's
 * average_precision_score: Σ (Rₙ − Rₙ₋₁) Pₙ over the distinct scores as thresholds. It keeps all scores.
 */
export class MeanAveragePrecision implements Metric {
  private classes = 0;
  private outputs: Float32Array[] = [];
  private labels: Labels[] = [];

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    const [samples, classes, ...rest] = dims;
    if (dims.length < 2 || rest.some((size) => size !== 1) || samples * classes !== outputs.length)
      throw wrongShape('mean-average-precision', dims, 'one score per class, [N, K]');
    checkBatch('mean-average-precision', outputs, labels);
    this.classes = classes;
    this.outputs.push(outputs.slice());
    this.labels.push(labels.slice());
  }

  value(): number {
    const found = Array.from({ length: this.classes }, (_, k) => this.precisionOf(k)).filter(
      (value) => value !== undefined,
    );
    if (found.length) return (100 * found.reduce((sum, value) => sum + value, 0)) / found.length;
    throw new EngineError(
      'InvalidData',
      'metric mean-average-precision ranks the samples of each class, but no sample has any class: check that some labels are 1, or choose f1-micro',
    );
  }

  /** Computes the average precision of a class; undefined if no sample has it. */
  private precisionOf(k: number): number | undefined {
    const { classes } = this;
    const pairs = this.outputs.flatMap((outputs, batch) =>
      Array.from({ length: outputs.length / classes }, (_, n) => ({
        score: outputs[n * classes + k],
        label: this.labels[batch][n * classes + k],
      })).filter(({ label }) => !Number.isNaN(label)),
    );
    const positives = pairs.reduce((sum, { label }) => sum + label, 0);
    if (!positives) return undefined;
    pairs.sort((a, b) => b.score - a.score);
    let [hits, counted, sum] = [0, 0, 0];
    pairs.forEach(({ score, label }, at) => {
      hits += label;
      // Equal scores pass a threshold together.
      if (pairs[at + 1]?.score === score) return;
      sum += ((hits - counted) * hits) / (at + 1);
      counted = hits;
    });
    return sum / positives;
  }

  get state(): object {
    const { classes, outputs, labels } = this;
    return { classes, outputs: [...outputs], labels: [...labels] };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}
