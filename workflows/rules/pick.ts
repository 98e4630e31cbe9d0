import type { Candidate } from '../types';

/** Step 3: the drop that a picked model may show: max(X − 5, min(X/2, 2)). */
export const pickBudget = (tolerance: number): number => Math.max(tolerance - 5, Math.min(tolerance / 2, 2));

/** Smallest drop first; of equal ones, the one with fewer MACs. */
export const bestFirst = (a: Candidate, b: Candidate): number => a.drop - b.drop || a.macs - b.macs;

/** Step 3: the models whose drop is within budget, best first, at most `maxPicks`. */
export const pick = (candidates: readonly Candidate[], budget: number, maxPicks: number): Candidate[] =>
  candidates
    .filter(({ drop }) => drop <= budget)
    .sort(bestFirst)
    .slice(0, maxPicks);

/** Step 3': what goes on when no model is within budget: the one with the smallest drop. */
export const fallback = (candidates: readonly Candidate[]): Candidate => [...candidates].sort(bestFirst)[0];
