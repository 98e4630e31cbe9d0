import type { Candidate } from '../../contract/run';
import { distinct } from './targets';

/** Targets this close are not run twice; and a model this close above C counts as at C. */
const near = 0.01;

export interface Revisit {
  readonly direction: 'up' | 'down';
  readonly targets: readonly number[];
}

/**
 * Step 3': whether spatial SVD is to be run again, and with which targets. Up, t → t + (1−t)/2, when every drop is over
 * budget; down, half-way to C, when every drop is under a quarter of the budget and none of the models is at C yet.
 * A target within 0.01 of one already tried is left out; none left means that there is nothing to revisit.
 */
export function revisit(
  candidates: readonly Candidate[],
  target: number,
  budget: number,
  lastTargets: readonly number[],
  tried: readonly number[],
): Revisit | undefined {
  if (!candidates.length) return undefined;
  const tooMuch = candidates.every(({ drop }) => drop > budget);
  const wellWithin =
    candidates.every(({ drop }) => drop < budget / 4) &&
    Math.min(...candidates.map(({ achieved }) => achieved)) > target + near;
  if (!tooMuch && !wellWithin) return undefined;
  const moved = lastTargets.map((t) => (tooMuch ? t + (1 - t) / 2 : t - (t - target) / 2));
  const fresh: number[] = [];
  for (const value of distinct(moved.map((t) => Number(t.toFixed(4)))))
    // A hair of slack: 0.76 − 0.75 is a little over 0.01 in binary, and still within it.
    if (value < 1 && [...tried, ...fresh].every((t) => Math.abs(t - value) > near + 1e-9)) fresh.push(value);
  return fresh.length ? { direction: tooMuch ? 'up' : 'down', targets: fresh } : undefined;
}
