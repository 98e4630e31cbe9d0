import type { Compression, ModelSummary, Speed } from '../jobs/types';
import { type CostName, type Technique, techniqueTraits } from '../names';
import type { SettledOptions } from './compress-options';

/** Result, in the shape of `slimflow compress --json`. */
export interface CompressReport {
  readonly technique: Technique;
  readonly cost: CostName;
  readonly target: number | null;
  readonly achieved: number;
  readonly macs: number;
  readonly macsOriginal: number;
  /** MACs of work that is not in these counts, and that nothing takes away (`ModelSummary.otherWork`). */
  readonly macsElsewhere: number;
  readonly params: number;
  readonly paramsOriginal: number;
  readonly layers: readonly CompressedLayer[];
  /** Number of which ranks and channels are multiples, but for the few that brought the ratio to the target. */
  readonly multiplicity: number;
  /** Layers that the technique had to leave alone. */
  readonly frozen: readonly { readonly name: string; readonly why: string }[];
  readonly warnings: readonly string[];
  /** Why the target was not reached, and the nearest ratio that is; null if it was. */
  readonly shortfall: string | null;
  readonly computedBy: Compression['computedBy'];
  /** Speed beside the original, for cost `latency`; null for others, which measure none. */
  readonly speed: Speed | null;
}

/** A layer, or channels that are tied together, as the compressed model has it. */
export interface CompressedLayer {
  readonly name: string;
  readonly kind: string;
  /** Remaining share of its cost (MACs for `latency`), or of its channels. */
  readonly ratio: number;
  readonly rank?: number;
  readonly channels?: number;
}

/** The report of a compression. @param summary the analysis of the original */
export function report(
  { technique, method, target, hasData }: SettledOptions,
  summary: ModelSummary,
  { achieved, macs, params, plan, multiplicity, shortfall, notes, computedBy, speed }: Compression,
): CompressReport {
  const byName = new Map(summary.layers.map((layer) => [layer.name, layer]));
  const kinds = new Map(summary.parts.map((part) => [part.name, byName.get(part.layers[0])]));
  const warnings = hasData
    ? [...notes]
    : ['no data was given, so scores and refits use random inputs: real data give a better model', ...notes];
  return {
    technique,
    cost: method.cost,
    target: target ?? null,
    achieved,
    macs,
    macsOriginal: summary.macs,
    macsElsewhere: summary.otherWork.reduce((sum, work) => sum + (work.macs ?? 0), 0),
    params,
    paramsOriginal: summary.params,
    layers: plan.map(({ layer, units, ratio }) => ({
      name: layer,
      kind: kinds.get(layer)?.kind ?? '',
      ratio,
      [techniqueTraits[technique].units]: units,
    })),
    multiplicity,
    frozen: summary.frozen
      .filter((one) => one.technique === technique)
      .map(({ name, why }) => ({ name, why })),
    warnings: [...summary.notes, ...warnings],
    shortfall: shortfall ?? null,
    computedBy,
    speed: speed ?? null,
  };
}
