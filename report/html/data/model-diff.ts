import type { ModelSummary } from '../../../engine/jobs/types';
import { type LayerRow, layersOf, originOf } from './layers';

/** Counts of a model. */
type Totals = Pick<ModelSummary, 'macs' | 'params'> & { readonly layers: number };

/** Differences between a model and another that was made of it. */
export interface ModelDiff {
  readonly original: Totals;
  readonly small: Totals;
  /** The layers of the original, in its order. */
  readonly layers: readonly LayerRow[];
  /** Names of layers of the small model that come from none of the original's. */
  readonly added: readonly string[];
}

/** Compares a model with one that was made of it, layer by layer; layers are matched by their names. */
export function modelDiff(original: ModelSummary, small: ModelSummary): ModelDiff {
  const totals = ({ macs, params, layers }: ModelSummary): Totals => ({
    macs,
    params,
    layers: layers.length,
  });
  const names = new Set(original.layers.map(({ name }) => name));
  return {
    original: totals(original),
    small: totals(small),
    layers: layersOf({ before: original.layers, after: small.layers })?.rows ?? [],
    added: small.layers.map(({ name }) => name).filter((name) => !names.has(originOf(name, names))),
  };
}
