/** Distance of a plan from its target, and the reason. */
export interface Shortfall {
  /**
   * `floor`: every layer is at its fewest units. `units`: they are too coarse to come within 0.01. `by hand`: nothing was
   * left to choose. `measured`: the model was timed and missed the target.
   */
  readonly reason: 'floor' | 'units' | 'by hand' | 'measured';
  /** The requested share of the whole cost, and the nearest one that a plan can have (from below, except at the floor). */
  readonly asked: number;
  readonly nearest: number;
  /** For `measured`: true if every layer is at its fewest units. */
  readonly isAtFloor?: boolean;
}

/**
 * Describes a shortfall in a sentence.
 * @param cost the cost in words: `MACs`
 */
export function shortfallText({ reason, asked, nearest, isAtFloor }: Shortfall, cost: string): string {
  const share = `${nearest.toFixed(3)} of the ${cost}`;
  const why = {
    floor: `every layer is at its floor, so ${share} is the lowest possible ratio`,
    units: `the layers' units are too coarse: ${share} is the nearest ratio from below`,
    'by hand': `the values set by hand give ${share}`,
    measured: `${share} was measured`,
  }[reason];
  return `${why}; ${asked.toFixed(3)} was requested${isAtFloor ? '; every layer is at its floor' : ''}`;
}
