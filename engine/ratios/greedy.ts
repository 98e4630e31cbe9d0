/**
 * Greedy ratio selection: AIMET's rule, followed by what AIMET leaves out: landing on the requested ratio.
 *
 * AIMET looks for the score threshold s at which every layer may take its smallest candidate ratio whose score is at
 * least s, and the whole meets the target. Accuracy on a finite set comes in steps, so the costs reachable this way are
 * far apart (0.45 when 0.75 was requested). Here the threshold gives two neighbouring plans, one at or below the target
 * and one above it, and the plan returned is between them in units (ranks, channels), which are far finer than the
 * candidates: at or below the target by less than one layer's unit (see landing.ts).
 */
import { firstMeeting } from './bisect';
import { land } from './landing';
import type { Plan } from './plan';
import type { Problem } from './problem';

/** Computes a plan between those of the two thresholds around the target; from the floor up if no threshold meets it. */
export function greedyPlan(problem: Problem): Plan {
  const candidates = problem.choices.map((_, at) => candidatesOf(problem, at));
  const thresholds = [...new Set(candidates.flatMap((layer) => layer.map(({ score }) => score)))].sort(
    (a, b) => b - a,
  );
  const plan = (index: number): Plan => {
    if (index === 0) return problem.untouched;
    if (index > thresholds.length) return problem.floor;
    return problem.plan(
      candidates.map((layer, at) => {
        const good = layer.filter(({ score }) => score >= thresholds[index - 1]).map(({ place }) => place);
        return Math.min(problem.grids[at].untouched, ...good);
      }),
    );
  };
  // Costs fall along the list.
  const meets = firstMeeting(thresholds.length + 2, (index) => problem.cost(plan(index)) <= problem.target);
  return meets < 1 ? plan(Math.max(0, thresholds.length + 1)) : land(problem, plan(meets), plan(meets - 1));
}

/** Lists a layer's candidates by place: units are rounded up to its grid and scores interpolated there, as AIMET does. */
export function candidatesOf({ choices, grids }: Problem, at: number): { place: number; score: number }[] {
  const sorted = [...choices[at].scores].sort((a, b) => a.units - b.units);
  const grid = grids[at];
  const found = new Map<number, number>();
  for (const { units } of sorted) {
    const place = grid.place(units);
    const rounded = grid.units(place);
    if (rounded !== null) found.set(place, scoreAt(sorted, rounded));
  }
  return [...found].map(([place, score]) => ({ place, score }));
}

function scoreAt(sorted: readonly { units: number; score: number }[], units: number): number {
  const after = sorted.findIndex((candidate) => candidate.units >= units);
  if (after < 0) return sorted[sorted.length - 1].score;
  const [from, to] = [sorted[after - 1], sorted[after]];
  if (after === 0 || to.units === units) return to.score;
  return from.score + ((to.score - from.score) * (units - from.units)) / (to.units - from.units);
}
