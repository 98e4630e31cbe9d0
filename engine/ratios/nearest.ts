import type { Plan } from './plan';
import type { Problem } from './problem';

/** Places up and down that are tried for a layer before its whole grid is. */
const reach = 3;
/** Most nodes of the search tree that are visited, near the plan and over the whole grids. */
const nodesNear = 4_000;
const nodesInAll = 20_000;

/**
 * Brings a plan nearer to the target, from below, when no further unit fits: if layers are few and their units coarse,
 * this decides if the target is hit. Branch and bound over the layers' places, coarsest layer first, each starting at
 * its current place; a subtree is cut off if its lowest cost is above the target, or its highest no nearer than the
 * best so far. Exact if the tree is small (up to some thousand plans), since then all of it is visited.
 * @param closeEnough cost from which on the search stops, since nearness is bought with a worse choice by errors
 */
export function approach(problem: Problem, start: Plan, closeEnough: number): Plan {
  const places = problem.places(start);
  const tops = problem.grids.map(({ untouched }) => untouched);
  const near = new Search(problem, places, closeEnough, nodesNear);
  near.within(
    places.map((place) => Math.max(0, place - reach)),
    places.map((place, at) => Math.min(tops[at], place + reach)),
  );
  if (near.done) return problem.plan(near.best);
  const everywhere = new Search(problem, near.best, closeEnough, nodesInAll);
  everywhere.within(
    places.map(() => 0),
    tops,
  );
  return problem.plan(everywhere.best);
}

class Search {
  best: readonly number[];
  private cost: number;
  private readonly order: readonly number[];
  private low: readonly number[] = [];
  private high: readonly number[] = [];

  constructor(
    private readonly problem: Problem,
    private readonly start: readonly number[],
    private readonly closeEnough: number,
    private left: number,
  ) {
    this.best = start;
    this.cost = this.costOf(start);
    const step = problem.choices.map((_, at) =>
      Math.abs(
        problem.change(
          problem.floor,
          problem.cost(problem.floor),
          at,
          Math.min(1, problem.grids[at].untouched),
        ),
      ),
    );
    this.order = [...start.keys()].sort((a, b) => step[b] - step[a]);
  }

  get done(): boolean {
    return this.cost >= this.closeEnough;
  }

  within(low: readonly number[], high: readonly number[]): void {
    [this.low, this.high] = [low, high];
    if (this.order.length) this.visit([...this.start], 0);
  }

  /** Tries all places of the layers from the `depth`-th on; `places` holds those of earlier ones. */
  private visit(places: number[], depth: number): void {
    const at = this.order[depth];
    const before = places[at];
    if (depth === this.order.length - 1) this.fit(places, at);
    else {
      for (const place of outward(before, this.low[at], this.high[at])) {
        if (this.done || this.left-- <= 0) break;
        places[at] = place;
        if (this.worthwhile(places, depth + 1)) this.visit(places, depth + 1);
      }
    }
    places[at] = before;
  }

  /** Tells if the layers from the `depth`-th on can bring the plan below the target and nearer than the best. */
  private worthwhile(places: readonly number[], depth: number): boolean {
    const [least, most] = [[...places], [...places]];
    for (const at of this.order.slice(depth)) [least[at], most[at]] = [this.low[at], this.high[at]];
    return this.costOf(most) > this.cost && this.costOf(least) <= this.problem.target;
  }

  /** Gives the last layer as many units as fit. */
  private fit(places: number[], at: number): void {
    let [low, high] = [this.low[at], this.high[at] + 1];
    while (high - low > 1) {
      places[at] = (low + high) >> 1;
      if (this.costOf(places) <= this.problem.target) low = places[at];
      else high = places[at];
    }
    places[at] = low;
    const cost = this.costOf(places);
    if (cost <= this.problem.target && cost > this.cost) [this.best, this.cost] = [[...places], cost];
  }

  private costOf(places: readonly number[]): number {
    return this.problem.cost(this.problem.plan(places));
  }
}

/** Lists `from`, then one up, one down, two up, … within `low` and `high`. */
function outward(from: number, low: number, high: number): number[] {
  const places = [from];
  for (let away = 1; from + away <= high || from - away >= low; away++) {
    if (from + away <= high) places.push(from + away);
    if (from - away >= low) places.push(from - away);
  }
  return places;
}
