import type { LayerTimes, LayerSummary, ModelSummary } from '../../../engine/jobs/types';
import { type LayerRow, layersOf, originOf, successors } from './layers';

/** Counts of a model. */
type Totals = Pick<ModelSummary, 'macs' | 'params'> & {
  readonly layers: number;
  /** Of all its kernels, if it was timed. */
  readonly ms?: number;
};

/** Kinds of change: divided into two layers of a lower rank, with fewer channels, gone, or as before. */
export type LayerStatus = 'split' | 'pruned' | 'removed' | 'unchanged';

/** A layer of the original, and what became of it. */
export interface DiffLayer extends LayerRow {
  readonly status: LayerStatus;
  /** [C, H, W] that go in and come out, and the same of what was made of it. */
  readonly input: LayerSummary['input'];
  readonly output: LayerSummary['output'];
  readonly inputAfter?: LayerSummary['input'];
  readonly outputAfter?: LayerSummary['output'];
  /** Layers of the small model that were made of it. */
  readonly parts: readonly string[];
  /** Of the layer, and of its parts together, if the models were timed. */
  readonly ms?: number;
  readonly msAfter?: number;
}

/** Differences between a model and another that was made of it. */
export interface ModelDiff {
  readonly original: Totals;
  readonly small: Totals;
  /** The layers of the original, in its order. */
  readonly layers: readonly DiffLayer[];
  /** Names of layers of the small model that come from none of the original's. */
  readonly added: readonly string[];
}

/**
 * Compares a model with one that was made of it, layer by layer; layers are matched by their names.
 * @param times of the original and of the small model
 */
export function modelDiff(
  original: ModelSummary,
  small: ModelSummary,
  [times, timesAfter]: readonly LayerTimes[] = [],
): ModelDiff {
  const totals = ({ macs, params, layers }: ModelSummary, timed: LayerTimes | undefined): Totals => ({
    macs,
    params,
    layers: layers.length,
    ...(timed && { ms: timed.ms }),
  });
  const names = new Set(original.layers.map(({ name }) => name));
  const became = successors(original.layers, small.layers);
  const rows = layersOf({ before: original.layers, after: small.layers })?.rows ?? [];
  return {
    original: totals(original, times),
    small: totals(small, timesAfter),
    layers: rows.map((row, at): DiffLayer => {
      const parts = became.get(row.name) ?? [];
      const { input, output } = original.layers[at];
      return {
        ...row,
        status: statusOf(row, parts.length),
        input,
        output,
        ...(parts.length && { inputAfter: parts[0].input, outputAfter: parts.at(-1)!.output }),
        parts: parts.map(({ name }) => name),
        ...(times && { ms: times.layers[row.name] }),
        ...(timesAfter && { msAfter: sumOf(parts.map(({ name }) => timesAfter.layers[name])) }),
      };
    }),
    added: small.layers.map(({ name }) => name).filter((name) => !names.has(originOf(name, names))),
  };
}

function statusOf({ change }: LayerRow, parts: number): LayerStatus {
  if (!parts) return 'removed';
  if (parts > 1) return 'split';
  return change === 'unchanged' ? 'unchanged' : 'pruned';
}

/** Returns the sum of times; undefined if one was not found. */
const sumOf = (times: readonly (number | undefined)[]): number | undefined =>
  times.reduce((sum, ms) => (sum === undefined || ms === undefined ? undefined : sum + ms), 0);
