/** Where training stands, and where a call has to end. */
export interface Course {
  /** Steps done. */
  readonly step: number;
  readonly total: number;
  readonly stepsPerEpoch: number;
  /** A state to go back to may stand at every multiple of this. */
  readonly goodEvery: number;
  /** Whether the last batch of an epoch is smaller than the others. */
  readonly ragged: boolean;
}

/**
 * The steps that the next call can have, at most `most`. A call ends where the state may be needed: at the end of an
 * epoch, where it may be kept as a good one, and at the end of training. Its batches are of one size.
 */
export function stepsAhead({ step, total, stepsPerEpoch, goodEvery, ragged }: Course, most: number): number {
  const left = stepsPerEpoch - (step % stepsPerEpoch);
  const alike = ragged && left > 1 ? left - 1 : left;
  return Math.max(1, Math.min(most, total - step, alike, goodEvery - (step % goodEvery)));
}

/** ms that a call of several steps may take: training hears that it should stop only between calls. */
const longestCall = 1000;

/** Bytes of images that are held for a call. */
const mostBytes = 2 ** 28;

/** How many steps a call may have, as the last one's time and the batches' size allow. */
export class Pace {
  /** ms a step. */
  private took = Infinity;

  /**
   * @param longest ms that a call of several steps may take.
   * @param batchBytes bytes of a batch's images.
   */
  constructor(
    private readonly batchBytes: number,
    private readonly longest = longestCall,
  ) {}

  /** Steps, of `asked`, that the next call may have; one while no step was measured. */
  most(asked: number): number {
    const inTime = this.longest === Infinity ? asked : Math.floor(this.longest / this.took);
    return Math.max(1, Math.min(asked, inTime, Math.floor(mostBytes / this.batchBytes)));
  }

  /** Takes note of a call's ms. */
  measured(ms: number, steps: number): void {
    this.took = ms / steps;
  }
}
