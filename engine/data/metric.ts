import { MeanIou, PixelAccuracy, TopAccuracy } from './accuracy';
import { F1Micro, MeanAveragePrecision } from './multi-label';
import { ErrorScore } from './regression';
import type { LabelReading, Metric, MetricOptions } from './metric-rule';

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
