import { EngineError } from '../errors';
import { costNames } from '../names';
import type { Goal, LayerSummary, ModelSummary } from './types';

/** Most layers that are named. */
const mostNamed = 4;

/**
 * Checks that a target leaves room for what none of the techniques can change, which no choice of ratios makes smaller.
 * @throws EngineError `InvalidSettings` that says the floor, and in which layers it is
 */
export function checkReachable(
  { layers, macs, params }: Pick<ModelSummary, 'layers' | 'macs' | 'params'>,
  { target, closeness, cost, techniques }: Goal,
): void {
  // A latency is measured, and no sum of layers.
  if (cost === 'latency') return;
  const costOf = (layer: LayerSummary) => layer[cost];
  const whole = cost === 'macs' ? macs : params;
  const fixed = layers
    .filter((layer) => !layer.techniques.some((technique) => techniques.includes(technique)))
    .sort((a, b) => costOf(b) - costOf(a));
  // That nothing at all can be compressed is told in other words.
  if (fixed.length === layers.length) return;
  const floor = fixed.reduce((sum, layer) => sum + costOf(layer), 0) / whole;
  if (!(floor > target + closeness)) return;
  const named = fixed.slice(0, mostNamed).map(({ name }) => name);
  const more = fixed.length > named.length ? ` and ${fixed.length - named.length} more` : '';
  throw new EngineError(
    'InvalidSettings',
    `target ${target} can't be reached: ${floor.toFixed(3)} of the model's ${costNames[cost]} are in layers that ${techniques.join(' and ')} can't change (${named.join(', ')}${more}); ask for more than that, or for other techniques`,
  );
}
