import { availableParallelism } from 'node:os';

/** Number of concurrent jobs, and of threads per job. */
export interface Capacity {
  readonly slots: number;
  readonly threads: number;
}

/**
 * Divides the cores: up to four concurrent jobs, whose threads together never exceed the cores. Many small jobs side by
 * side use cores better than one job's threads do.
 */
export function capacity(
  { slots, threads }: Partial<Capacity> = {},
  cores = availableParallelism(),
): Capacity {
  const jobs = slots ?? Math.min(cores, 4);
  return { slots: jobs, threads: threads ?? Math.max(1, Math.floor(cores / jobs)) };
}
