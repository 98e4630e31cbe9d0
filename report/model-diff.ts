import { visible } from '../engine/visible';
import { layersTable } from './chosen-layers';
import type { ModelDiff } from './html/data/model-diff';

/** Formats the difference between two models for a terminal: a row per layer, and the totals. */
export function modelDiffText({ original, small, layers, added }: ModelDiff): string {
  const total = (what: string, before: number, after: number) =>
    `${what} ${before} → ${after}${before ? ` (ratio ${(after / before).toFixed(3)})` : ''}`;
  const changed = layers.filter(({ change }) => change !== 'unchanged').length;
  return [
    layersTable(layers),
    `${changed} of ${layers.length} layers changed`,
    total('MACs', original.macs, small.macs),
    total('parameters', original.params, small.params),
    ...(added.length
      ? [`layers that come from none of the original's: ${added.map(visible).join(', ')}`]
      : []),
  ].join('\n');
}
