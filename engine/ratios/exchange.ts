import type { CostOf, LayerChoices, Plan, Units } from './greedy';

/** Exchanges that are tried at most; each brings the plan nearer, and a handful is what small models need. */
const mostExchanges = 50;
/** Units that a layer moves by at most in one exchange. */
const reach = 3;

/**
 * Brings a plan nearer to a target that it meets, where single units no longer fit: one layer gives up units for
 * another's. Where units are coarse (few layers, few channels) this decides whether the target is hit. It
 * stops within `closeness` of the target, since an exchange trades what the plan chose by its errors for nearness.
 */
export function exchange(
  choices: readonly LayerChoices[],
  start: Plan,
  costOf: CostOf,
  target: number,
  closeness: number,
): Plan {
  let plan = start;
  for (let tried = 0; tried < mostExchanges && target - costOf(plan) > closeness; tried++) {
    const next = nearest(choices, plan, costOf, target);
    if (!next) break;
    plan = next;
  }
  return plan;
}

/** The plan with one layer up, or one up and another down, that comes nearest to the target from below; undefined where none does. */
function nearest(
  choices: readonly LayerChoices[],
  plan: Plan,
  costOf: CostOf,
  target: number,
): Plan | undefined {
  const cost = costOf(plan);
  const moved = (at: number, units: Units): Plan => plan.map((old, i) => (i === at ? units : old));
  const moves = (direction: 1 | -1) =>
    plan.flatMap((units, at) =>
      reachable(units, choices[at], direction).map((to) => ({
        at,
        units: to,
        change: costOf(moved(at, to)) - cost,
      })),
    );
  const [ups, downs] = [moves(1), moves(-1)];
  let best: { plan: Plan; cost: number } | undefined;
  const offer = (make: () => Plan, expected: number) => {
    // Changes add up where layers do not share channels; where they do, the whole plan's cost decides.
    if (expected > target || expected <= (best?.cost ?? cost)) return;
    const candidate = make();
    const real = costOf(candidate);
    if (real <= target && real > (best?.cost ?? cost)) best = { plan: candidate, cost: real };
  };
  for (const one of ups) {
    offer(() => moved(one.at, one.units), cost + one.change);
    for (const other of downs) {
      if (other.at === one.at) continue;
      offer(
        () => moved(one.at, one.units).map((units, i) => (i === other.at ? other.units : units)),
        cost + one.change + other.change,
      );
    }
  }
  return best?.plan;
}

/** Up to `reach` units more or less; one more than the most that is worthwhile leaves the layer as it was. */
function reachable(units: Units, { least, most }: LayerChoices, direction: 1 | -1): Units[] {
  const from = units ?? most + 1;
  return Array.from({ length: reach }, (_, i) => from + direction * (i + 1))
    .filter((to) => to >= least && to <= most + 1)
    .map((to) => (to > most ? null : to));
}
