import type { MetricName } from '../names';
import { MeanIou, PixelAccuracy, TopAccuracy } from './accuracy';
import { F1Micro, MeanAveragePrecision } from './multi-label';
import { ErrorScore } from './regression';
import type { LabelReading, Metric, MetricOptions } from './metric-rule';

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

/** Makes a fresh metric. */
export const metricOf = (name: MetricName, options: MetricOptions = {}): Metric =>
  metrics[name].begin(options);

/** Returns how a metric reads labels. */
export const readingOf = (name: MetricName): LabelReading => metrics[name].reads;

/** Tells if a metric compares each score with its own label, rather than with a class number. */
export const isPerScore = (name: MetricName): boolean =>
  metrics[name].reads === 'yes or no' || metrics[name].reads === 'numbers';
