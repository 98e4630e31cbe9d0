import type { MetricActivity, DetectorMetric, MetricChoice, MetricName, ModuleMetric } from '../engine/names';

/**
 * A metric as a spec or a run's settings name it.
 * @typeParam File a path, or an artifact
 */
export type NamedMetric<File> =
  MetricName | 'fidelity' | DetectorMetric | ModuleMetric<File> | MetricActivity;

/** A metric as it is asked for: of Slimflow itself, or of an activity of the user's. */
export type AskedMetric<File> = MetricChoice<File> | MetricActivity;

/** Tells if an activity of the user's computes a metric. */
export const isActivityMetric = <File>(
  metric: NamedMetric<File> | AskedMetric<File>,
): metric is MetricActivity => typeof metric === 'object' && 'activity' in metric;

/** Returns a metric as it is asked for: nearness is that to the original. */
export const askedMetric = <File>(metric: NamedMetric<File>, original: File): AskedMetric<File> =>
  metric === 'fidelity' ? { fidelity: original } : metric;

/**
 * Returns the metric of jobs, within which an activity of the user's can't be asked: nearness to the original takes
 * its place.
 */
export function computedMetric<File>(metric: NamedMetric<File>, original: File): MetricChoice<File> {
  const asked = askedMetric(metric, original);
  return isActivityMetric(asked) ? { fidelity: original } : asked;
}

/** Returns the metric that layers are scored by: an activity of the user's only if it is told to. */
export function scoringMetric<File>(metric: NamedMetric<File>, original: File): AskedMetric<File> {
  const asked = askedMetric(metric, original);
  return isActivityMetric(asked) && asked.scores ? asked : computedMetric(metric, original);
}
