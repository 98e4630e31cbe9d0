/**
 * The units (rank, channels) that a ratio of a layer's cost buys: the largest whose cost is at most the ratio's,
 * and at least 1 (AIMET's rounding).
 */
export const unitsFor = (ratio: number, layerCost: number, costPerUnit: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor((ratio * layerCost) / costPerUnit + 1e-9)));
