import { type Plan, withUnits } from './plan';
import type { Problem } from './problem';

/** Places looked at across all layers' grids, so that each layer gets fewer if there are many. */
const placesInAll = 20_000;

/** One segment of a layer's climb. */
interface Stretch {
  readonly at: number;
  readonly to: number;
  /** Error removed per unit of cost. */
  readonly rate: number;
}

/**
 * Lands on the target between two plans: starting from `below`, which meets it, gives units back to the layers in which
 * they remove most error for their cost, as long as they fit and at most up to `above`. A layer climbs along the lower
 * convex hull of its error over its cost, so that a flat first step does not hide what follows. From the floor up this
 * is the Lagrangian allocation (Shoham and Gersho 1988): optimal up to one segment if errors and costs add up.
 * @returns a plan of at most the target's cost, to which no single unit of any layer can be added
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
    // Sums accumulate rounding errors: near the target the real cost decides.
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
    // Costs rise with the units, so bisection finds the part of the segment that fits.
    let [low, high] = [places[at], to];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (climb(at, middle)) low = middle;
      else high = middle;
    }
  }
  return plan;
}

/** Computes the lower convex hull of a layer's error over its cost, from its place in `plan` up to `top`, as segments. */
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

/**
 * Lists places after `start` up to `top`: all of them or, if there are many layers or units, the candidates and some in
 * between.
 */
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
