import { type Plan, withUnits } from './plan';
import type { Problem } from './problem';

/** Places of a layer's grid that are looked at: few where there are many layers. */
const placesInAll = 20_000;

/** A stretch of a layer's climb. */
interface Stretch {
  readonly at: number;
  readonly to: number;
  /** Error taken away per cost. */
  readonly rate: number;
}

/**
 * Lands on the target between two plans: from `below`, which meets it, units go back to the layers where they take
 * most error away for their cost, as long as they fit and at most up to `above`. A layer climbs along the lower convex
 * hull of its error over its cost, so that a flat first step does not hide what follows. From the floor up this is
 * the Lagrangian allocation (Shoham and Gersho 1988): optimal up to one stretch where errors and costs add up.
 * @returns a plan of at most the target's cost to which no single unit of any layer can be added.
 */
export function land(problem: Problem, below: Plan, above: Plan): Plan {
  const { target, grids } = problem;
  let plan = below;
  let cost = problem.cost(plan);
  const places = problem.places(plan);
  const tops = problem.places(above);
  const climb = (at: number, place: number): boolean => {
    const moved = withUnits(plan, at, grids[at].units(place));
    let next = problem.separable ? cost + problem.change(plan, cost, at, place) : problem.cost(moved);
    // Sums carry roundings: what is near the target is asked.
    if (Math.abs(next - target) <= problem.slack) next = problem.cost(moved);
    if (next > target) return false;
    [plan, cost, places[at]] = [moved, next, place];
    return true;
  };
  const stretches = places.flatMap((_, at) => hull(problem, plan, cost, at, tops[at]));
  stretches.sort((a, b) => b.rate - a.rate);
  const stopped = new Set<number>();
  for (const { at, to } of stretches) {
    if (stopped.has(at) || climb(at, to)) continue;
    stopped.add(at);
    // The part of the stretch that fits: costs rise with the units, so bisection finds it.
    let [low, high] = [places[at], to];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (climb(at, middle)) low = middle;
      else high = middle;
    }
  }
  return plan;
}

/** The lower convex hull of a layer's error over its cost, from where it stands up to `top`, as stretches. */
function hull(problem: Problem, plan: Plan, cost: number, at: number, top: number): Stretch[] {
  const start = problem.grids[at].place(plan[at]);
  const points = [{ place: start, cost: 0, error: problem.errorAt(at, start) }];
  for (const place of placesBetween(problem, at, start, top)) {
    const point = {
      place,
      cost: Math.max(0, problem.change(plan, cost, at, place)),
      error: problem.errorAt(at, place),
    };
    while (points.length > 1 && rate(points[points.length - 2], point) >= rateOfLast(points)) points.pop();
    points.push(point);
  }
  return points.slice(1).map((point, i) => ({ at, to: point.place, rate: rate(points[i], point) }));
}

const rate = (from: { cost: number; error: number }, to: { cost: number; error: number }) =>
  (from.error - to.error) / Math.max(to.cost - from.cost, Number.MIN_VALUE);
const rateOfLast = (points: readonly { cost: number; error: number }[]) =>
  rate(points[points.length - 2], points[points.length - 1]);

/** Places after `start` up to `top`: all of them, or where layers or units are many, the candidates and some between. */
export function placesBetween(
  { choices, grids }: Problem,
  at: number,
  start: number,
  top: number,
  inAll = placesInAll,
): number[] {
  const most = Math.max(2, Math.floor(inAll / choices.length) - choices[at].scores.length);
  const stride = Math.max(1, Math.ceil((top - start) / most));
  const evenly = Array.from(
    { length: Math.ceil((top - start) / stride) },
    (_, i) => start + (i + 1) * stride,
  );
  const candidates = choices[at].scores.map(({ units }) => grids[at].place(units));
  return [...new Set([...evenly, ...candidates, grids[at].untouched - 1, top])]
    .filter((place) => place > start && place <= top)
    .sort((a, b) => a - b);
}
