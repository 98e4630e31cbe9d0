/** By how much, and why, a plan stays away from the target. */
export interface Shortfall {
  /**
   * `floor`: every layer is at its least units. `units`: they are too coarse to come within 0.01. `by hand`: nothing was
   * left to choose. `measured`: the model was timed, and missed the target by what was measured.
   */
  readonly reason: 'floor' | 'units' | 'by hand' | 'measured';
  /** The share of the whole cost that was asked, and the nearest to it that a plan can have (from below, but for the floor). */
  readonly asked: number;
  readonly nearest: number;
  /** Of `measured`: whether every layer is at its least units. */
  readonly isAtFloor?: boolean;
}

/** The sentence of a shortfall. @param cost the cost in words: `MACs` */
export function shortfallText({ reason, asked, nearest, isAtFloor }: Shortfall, cost: string): string {
  const share = `${nearest.toFixed(3)} of the ${cost}`;
  const why = {
    floor: `every layer is at its floor: ${share} is the least that can be reached`,
    units: `the layers' units are coarse: ${share} is the nearest from below that can be reached`,
    'by hand': `what was given by hand comes to ${share}`,
    measured: `${share} was measured`,
  }[reason];
  return `${why}, ${asked.toFixed(3)} was asked${isAtFloor ? '; every layer is at its floor' : ''}`;
}
