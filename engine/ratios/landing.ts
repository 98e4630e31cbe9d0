import type { CostOf, LayerChoices, Plan, Units } from './greedy';

/** The part of what is left up to the upper plan that a layer climbs in one step, before single units. */
const coarsePart = 32;

/**
 * Lands on a target between two plans: from `below`, which meets it, units go back to the layers where they take most
 * error away for their cost, as long as they fit and at most up to `above`. Errors between candidates are
 * interpolated, and a layer's rate is that of the best stretch ahead of it (its lower convex hull), so that a flat
 * first step does not hide what follows: the greedy form of a Lagrangian allocation (Shoham and Gersho 1988).
 */
export function land(
  choices: readonly LayerChoices[],
  below: Plan,
  above: Plan,
  costOf: CostOf,
  target: number,
): Plan {
  const layers = choices.map((choice, i) => new Climb(choice, above[i]));
  let plan = below;
  for (const coarse of [true, false]) {
    const rates = layers.map((layer, i) => layer.rate(i, plan, costOf));
    const open = new Set(rates.keys());
    while (open.size) {
      const best = [...open].reduce((a, b) => (rates[b] > rates[a] ? b : a));
      const next = layers[best].next(plan[best], coarse ? coarsePart : Infinity);
      const moved = withUnits(plan, best, next);
      if (next === plan[best] || costOf(moved) > target) {
        open.delete(best);
        continue;
      }
      plan = moved;
      rates[best] = layers[best].rate(best, plan, costOf);
    }
  }
  return plan;
}

const withUnits = (plan: Plan, at: number, units: Units): Plan =>
  plan.map((old, i) => (i === at ? units : old));

/** One layer's way up. Inside, `null` (untouched) counts as one unit more than the most that is worthwhile. */
class Climb {
  private readonly top: number;
  private readonly points: readonly { units: number; error: number }[];

  constructor(
    private readonly choice: LayerChoices,
    above: Units,
  ) {
    this.top = above ?? choice.most + 1;
    const known = new Map(choice.scores.map(({ units, error }) => [units, error]));
    known.set(choice.most + 1, 0);
    this.points = [...known].map(([units, error]) => ({ units, error })).sort((a, b) => a.units - b.units);
  }

  /** A step towards the top: one `part`-th of what is left, at least a unit. */
  next(units: Units, part: number): Units {
    const from = this.count(units);
    if (from >= this.top) return units;
    return this.units(Math.min(this.top, from + Math.max(1, Math.floor((this.top - from) / part))));
  }

  /** Error taken away per cost on the best stretch ahead. */
  rate(at: number, plan: Plan, costOf: CostOf): number {
    const from = this.count(plan[at]);
    const cost = costOf(plan);
    const ahead = [...this.points.map(({ units }) => units), this.top].filter(
      (units) => units > from && units <= this.top,
    );
    return Math.max(
      -Infinity,
      ...ahead.map(
        (units) =>
          (this.error(from) - this.error(units)) /
          Math.max(1, costOf(withUnits(plan, at, this.units(units))) - cost),
      ),
    );
  }

  private readonly count = (units: Units): number => units ?? this.choice.most + 1;
  private readonly units = (count: number): Units => (count > this.choice.most ? null : count);

  /** Linear between the candidates; below the first, on towards everything lost. */
  private error(units: number): number {
    const { points } = this;
    const after = points.findIndex((point) => point.units >= units);
    const to = points[after];
    const from = points[after - 1] ?? { units: 0, error: Math.max(1, to.error) };
    return from.error + ((to.error - from.error) * (units - from.units)) / (to.units - from.units);
  }
}
