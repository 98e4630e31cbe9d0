import { MeanIou, PixelAccuracy, TopAccuracy } from './accuracy';
import type { Labels } from './dataset';
import { F1Micro, MeanAveragePrecision } from './multi-label';
import { ErrorScore, type Errors } from './regression';

/** The metrics a model can be judged by; higher is better, in points. */
export const metricNames = [
  'top1',
  'top5',
  'pixel-accuracy',
  'mean-iou',
  'mean-average-precision',
  'f1-micro',
  'r2',
  'rmse-score',
  'mae-score',
] as const;
export type MetricName = (typeof metricNames)[number];

/**
 * What a metric reads labels as: the class of a sample; that of each pixel; 0 or 1 for each score of the model, whatever
 * the others are; a number for each.
 */
export type LabelReading = 'class' | 'pixels' | 'yes or no' | 'numbers';

/** A running metric: fed with batches of outputs, read at the end. */
export interface Metric {
  /**
   * `outputs` is row-major, of shape `dims`: [N, K] or [N, K, 1, …], [N, K, …] for metrics that judge pixels, any
   * for metrics of numbers. `labels` has N entries, or one a pixel, or one an output.
   * @throws EngineError `UnsupportedModel` when the outputs are of another shape or NaN; `InvalidData` when the
   * labels do not fit them.
   */
  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void;
  /**
   * In points: 0..100, or below 0 where predicting the labels' mean would be nearer.
   * @throws EngineError `InvalidData` when the labels leave it undefined.
   */
  value(): number;
  /** Of metrics that compare numbers: how far the outputs lie from the labels. */
  errors?(): Errors;
  /** What was added up so far, a value that can be copied; setting it goes on from there. */
  state: object;
}

/** What of a model a metric goes by. */
export interface MetricOptions {
  /** The output above which a score means yes: 0 of logits (the default), 0.5 of probabilities. */
  readonly threshold?: number;
}

const metrics: Record<
  MetricName,
  { readonly reads: LabelReading; readonly begin: (options: MetricOptions) => Metric }
> = {
  top1: { reads: 'class', begin: () => new TopAccuracy('top1', 1) },
  top5: { reads: 'class', begin: () => new TopAccuracy('top5', 5) },
  'pixel-accuracy': { reads: 'pixels', begin: () => new PixelAccuracy() },
  'mean-iou': { reads: 'pixels', begin: () => new MeanIou() },
  'mean-average-precision': { reads: 'yes or no', begin: () => new MeanAveragePrecision() },
  'f1-micro': { reads: 'yes or no', begin: ({ threshold = 0 }) => new F1Micro(threshold) },
  r2: { reads: 'numbers', begin: () => new ErrorScore('r2') },
  'rmse-score': { reads: 'numbers', begin: () => new ErrorScore('rmse-score') },
  'mae-score': { reads: 'numbers', begin: () => new ErrorScore('mae-score') },
};

/** A fresh metric of that name. */
export const metricOf = (name: MetricName, options: MetricOptions = {}): Metric =>
  metrics[name].begin(options);

/** What a metric reads labels as. */
export const readingOf = (name: MetricName): LabelReading => metrics[name].reads;

/** Whether a metric compares each score with a label of its own, rather than with the number of a class. */
export const isPerScore = (name: MetricName): boolean =>
  metrics[name].reads === 'yes or no' || metrics[name].reads === 'numbers';
