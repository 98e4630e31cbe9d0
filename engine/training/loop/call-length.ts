/** Position of a training, and where a call must end. */
export interface Course {
  /** Steps done. */
  readonly step: number;
  readonly total: number;
  readonly stepsPerEpoch: number;
  /** A state to go back to may exist at every multiple of this. */
  readonly goodEvery: number;
  /** True if the last batch of an epoch is smaller than the others. */
  readonly ragged: boolean;
}

/**
 * Returns how many steps the next call can have, at most `most`. A call ends where the state may be needed: at the end
 * of an epoch, where it may be kept as a good one, and at the end of training. Its batches have one size.
 */
export function stepsAhead({ step, total, stepsPerEpoch, goodEvery, ragged }: Course, most: number): number {
  const left = stepsPerEpoch - (step % stepsPerEpoch);
  const alike = ragged && left > 1 ? left - 1 : left;
  return Math.max(1, Math.min(most, total - step, alike, goodEvery - (step % goodEvery)));
}

/** Most ms of a call of several steps: training can be stopped only between calls. */
const longestCall = 1000;

/** Most bytes of images held for a call. */
const mostBytes = 2 ** 28;

/** Limits the steps of a call by the last one's time and the batches' size. */
export class Pace {
  /** ms per step. */
  private took = Infinity;

  /**
   * @param longest most ms of a call of several steps
   * @param batchBytes bytes of a batch's images
   */
  constructor(
    private readonly batchBytes: number,
    private readonly longest = longestCall,
  ) {}

  /** Returns how many steps, of `asked`, the next call may have; one until a step has been measured. */
  most(asked: number): number {
    const inTime = this.longest === Infinity ? asked : Math.floor(this.longest / this.took);
    return Math.max(1, Math.min(asked, inTime, Math.floor(mostBytes / this.batchBytes)));
  }

  /** Records a call's ms. */
  measured(ms: number, steps: number): void {
    this.took = ms / steps;
  }
}
