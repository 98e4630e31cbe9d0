import type { Candidate } from '../../contract/run';
import { counted, lossText, points, type StepVerdict } from '../../contract/verdict';

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

/** Step 3's rule in a sentence. */
export const pickRule = (budget: number, maxPicks: number): string =>
  `At most ${counted(maxPicks, 'candidate')} that lose at most ${points(budget)} go on, best first; if none is within that budget, the one that loses least.`;

/**
 * Step 3 for people: why each candidate goes on, or does not.
 * @param picks those that go on; if a person chose others than the rule would, the reasons say so
 */
export function pickVerdicts(
  candidates: readonly Candidate[],
  picks: readonly Candidate[],
  budget: number,
): StepVerdict[] {
  const picked = new Set(picks.map(({ id }) => id));
  const best = new Set(
    [...candidates]
      .sort(bestFirst)
      .slice(0, picks.length)
      .map(({ id }) => id),
  );
  const isByRule =
    picks.every(({ id }) => best.has(id)) &&
    (picks.length === 1 || picks.every(({ drop }) => drop <= budget));
  return candidates.map(({ id, drop }) => {
    const kept = picked.has(id);
    const figures = `it ${lossText(drop)}, ${drop <= budget ? 'within' : 'over'} the budget of ${points(budget)}`;
    if (!isByRule)
      return { id, kept, why: `${figures}; ${kept ? 'a person chose it' : 'a person chose otherwise'}` };
    if (kept)
      return { id, kept, why: drop <= budget ? figures : `${figures}, but no other candidate loses less` };
    return {
      id,
      kept,
      why:
        drop <= budget
          ? `${figures}, but ${listed(picks)} ${picks.length === 1 ? 'comes' : 'come'} first`
          : figures,
    };
  });
}

const listed = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id).join(' and ');
