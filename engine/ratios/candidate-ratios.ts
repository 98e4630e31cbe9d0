import { EngineError } from '../errors';

/** Rounding of the units that a ratio buys. */
export interface Rounding {
  /** Units come in multiples of this, rounded up (AIMET's `multiplicity`); 1 by default. */
  readonly multiplicity?: number;
  /** Fewest units that a layer keeps, if it has that many; 1 by default. */
  readonly minimum?: number;
}

/**
 * Lists the candidate ratios 1/N … (N − 1)/N (AIMET's `num_comp_ratio_candidates`, 10 there).
 * @throws EngineError `InvalidSettings` if `count` is not an integer of at least 2
 */
export function candidateRatios(count = 10): number[] {
  if (!Number.isInteger(count) || count < 2)
    throw new EngineError(
      'InvalidSettings',
      `the number of candidate ratios must be an integer of at least 2, not ${count}`,
    );
  return Array.from({ length: count - 1 }, (_, i) => (i + 1) / count);
}

/**
 * Returns the units (rank, channels) that a ratio of a layer's cost buys: the most that cost no more than the ratio,
 * and at least 1 (AIMET's rounding). They are then rounded up to the multiplicity, but never above `most` (AIMET).
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
