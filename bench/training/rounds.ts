/** What a peer answers to a number of steps. */
export interface Round {
  /** ms a step. */
  readonly times: number[];
  /** ms of CPU time of all steps. */
  readonly cpu: number;
  /** MiB. */
  readonly peak: number;
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];
