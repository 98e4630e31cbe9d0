/** A peer's answer to a number of steps. */
export interface Round {
  /** ms per step. */
  readonly times: number[];
  /** ms of CPU time of all steps. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];
