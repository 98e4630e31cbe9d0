import { EngineError } from '../errors';

/** Which units a ratio may buy. */
export interface Rounding {
  /** Units come in multiples of it, rounded up (AIMET's `multiplicity`); 1 by default. */
  readonly multiplicity?: number;
  /** Units that a layer keeps at least, where it has as many; 1 by default. */
  readonly minimum?: number;
}

/** The candidate ratios 1/N … (N − 1)/N (AIMET's `num_comp_ratio_candidates`, 10 there). */
export function candidateRatios(count = 10): number[] {
  if (!Number.isInteger(count) || count < 2)
    throw new EngineError('InvalidSettings', `${count} candidate ratios: an integer of at least 2`);
  return Array.from({ length: count - 1 }, (_, i) => (i + 1) / count);
}

/**
 * The units (rank, channels) that a ratio of a layer's cost buys: the largest whose cost is at most the ratio's, and
 * at least 1 (AIMET's rounding). They are then rounded up to the multiplicity, never above `most` (AIMET).
 */
export function unitsFor(
  ratio: number,
  layerCost: number,
  costPerUnit: number,
  most: number,
  { multiplicity = 1, minimum = 1 }: Rounding = {},
): number {
  const units = Math.max(minimum, 1, Math.floor((ratio * layerCost) / costPerUnit + 1e-9));
  return Math.min(most, Math.ceil(units / multiplicity) * multiplicity);
}
