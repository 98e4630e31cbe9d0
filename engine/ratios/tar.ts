import { candidatesOf } from './greedy';
import { land } from './landing';
import type { Plan } from './plan';
import type { Problem } from './problem';
import { firstMeeting } from './bisect';

/**
 * Selects by accuracy per cost, after AIMET's TAR (target rank selection, weight SVD): starting from the untouched
 * model, layers go down their candidates in the order of score lost per cost saved until the target is met; the last
 * step is then taken back, unit by unit, as far as the target allows. Each layer descends along the convex hull of its
 * score over its cost, so that a flat stretch after a steep one counts.
 *
 * AIMET's own TAR, which is no longer in its releases, used one index for all layers: index i gave every layer its i-th
 * candidate, and the index with the best sum of accuracy and ratio won, whatever the target.
 */
export function tarPlan(problem: Problem): Plan {
  const cost = problem.cost(problem.untouched);
  const steps = problem.choices
    .flatMap((_, at) => descent(problem, at, cost))
    .sort((a, b) => a.rate - b.rate || b.saved - a.saved);
  const places = problem.places(problem.untouched);
  const after = (count: number): Plan => {
    const reached = [...places];
    for (const { at, to } of steps.slice(0, count)) reached[at] = to;
    return problem.plan(reached);
  };
  const meets = (count: number) => problem.cost(after(count)) <= problem.target;
  const count = firstMeeting(steps.length + 1, meets);
  // Even every layer's smallest candidate may cost too much: the floor is below that.
  if (count < 0) return land(problem, problem.floor, after(steps.length));
  return land(problem, after(count), after(Math.max(0, count - 1)));
}

interface Step {
  readonly at: number;
  readonly to: number;
  readonly saved: number;
  /** Score lost per cost saved. */
  readonly rate: number;
}

/** Computes a layer's candidates on the hull of score lost over cost saved, from untouched downwards. */
function descent(problem: Problem, at: number, cost: number): Step[] {
  const candidates = candidatesOf(problem, at);
  const whole = Math.max(...candidates.map(({ score }) => score));
  const points = [{ place: problem.grids[at].untouched, saved: 0, lost: 0 }];
  const rate = (from: (typeof points)[number], to: (typeof points)[number]) =>
    (to.lost - from.lost) / Math.max(to.saved - from.saved, Number.MIN_VALUE);
  for (const { place, score } of candidates.sort((a, b) => b.place - a.place)) {
    const saved = -problem.change(problem.untouched, cost, at, place);
    const point = { place, saved, lost: whole - score };
    while (
      points.length > 1 &&
      rate(points[points.length - 2], point) <= rate(points[points.length - 2], points[points.length - 1])
    )
      points.pop();
    points.push(point);
  }
  return points.slice(1).map((point, i) => ({
    at,
    to: point.place,
    saved: point.saved - points[i].saved,
    rate: rate(points[i], point),
  }));
}
