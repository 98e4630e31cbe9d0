import { isPerScore, readingOf } from '../data/metric';
import { EngineError } from '../errors';
import { type UserActivity, isDetection, type MetricChoice, metricWords } from '../names';
import { type LossSettings, needsLabels } from './settings';

/** A metric as a spec or a job has it. */
type Judging = MetricChoice<unknown> | UserActivity | 'fidelity';

const isNearness = (metric: Judging): boolean =>
  metric === 'fidelity' || (typeof metric === 'object' && 'fidelity' in metric);

/**
 * Fills in settings that suit a metric, if they are left open. A metric that compares numbers gets squared errors, one
 * of yes or no binary cross-entropy, and their teachers are followed score by score, since a softmax over scores that
 * are not classes of one choice means nothing. Nearness to the original is learned from the original alone, and so is
 * what detectors do, by their raw heads.
 */
export function suitedTo<Settings extends LossSettings>(metric: Judging, settings: Settings): Settings {
  if (isDetection(metric))
    return { ...settings, distillation: { logits: 'heads', ...settings.distillation } };
  if (isNearness(metric) && settings.loss === undefined)
    return { ...settings, distillation: { logits: 'mse', ...settings.distillation } };
  if (typeof metric !== 'string' || metric === 'fidelity' || !isPerScore(metric)) return settings;
  const { loss = readingOf(metric) === 'numbers' ? 'mean-squared-error' : 'binary-cross-entropy' } = settings;
  const { distillation } = settings;
  return { ...settings, loss, ...(distillation && { distillation: { logits: 'mse', ...distillation } }) };
}

/** Says why labels that a metric reads do not suit a loss; undefined if they do. */
export function unsuited(metric: Judging, settings: LossSettings): string | undefined {
  const { loss = 'cross-entropy' } = settings;
  if (isDetection(metric) && needsLabels(settings))
    return `can't learn from boxes, which are the labels of metric ${metricWords(metric)}: leave distillation.weight out, so that the original teaches alone`;
  if (
    typeof metric !== 'string' ||
    metric === 'fidelity' ||
    !isPerScore(metric) ||
    loss !== 'cross-entropy' ||
    !needsLabels(settings)
  )
    return undefined;
  return `reads labels as class numbers, but metric ${metricWords(metric)} needs one label per score: leave loss out, or choose mean-squared-error or binary-cross-entropy`;
}

/**
 * Returns the settings of a training that a metric judges: `suitedTo` them.
 * @throws EngineError `InvalidSettings` if the loss reads labels in another way than the metric
 */
export function settledFor<Settings extends LossSettings>(metric: Judging, settings: Settings): Settings {
  const suited = suitedTo(metric, settings);
  const why = unsuited(metric, suited);
  if (why) throw new EngineError('InvalidSettings', `fine-tuning setting loss ${why}`);
  return suited;
}
