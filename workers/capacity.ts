import { availableParallelism } from 'node:os';

/** How many jobs at a time, and how many threads each. */
export interface Capacity {
  readonly slots: number;
  readonly threads: number;
}

/**
 * Shares the cores out: up to four jobs at a time, all their threads together never over the cores. Many small jobs
 * side by side use cores better than one job's threads do.
 */
export function capacity(
  { slots, threads }: Partial<Capacity> = {},
  cores = availableParallelism(),
): Capacity {
  const jobs = slots ?? Math.min(cores, 4);
  return { slots: jobs, threads: threads ?? Math.max(1, Math.floor(cores / jobs)) };
}
