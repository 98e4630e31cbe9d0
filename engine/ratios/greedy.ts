/**
 * Greedy ratio selection: AIMET's rule, and then what AIMET leaves out, landing on the asked ratio.
 *
 * AIMET looks for the score threshold s at which every layer may take its smallest candidate ratio whose score is at
 * least s, and the whole meets the target. Accuracy on a finite set comes in steps, so that the costs reachable this
 * way lie far apart (0.45 where 0.75 was asked). Here the threshold gives two neighbouring plans, one at or below the
 * target and one above it, and the plan returned lies on the straight line between them in units (ranks, channels),
 * which are far finer than the candidates: at or below the target by less than one layer's unit.
 */

/** What a layer may become. */
export interface LayerChoices {
  readonly layer: string;
  /** The smallest and largest units that are worth having; beyond `most` the layer is better left untouched. */
  readonly least: number;
  readonly most: number;
  /** Units and the model's score with them, for each candidate ratio. */
  readonly scores: readonly { readonly units: number; readonly score: number }[];
}

/** Ranks or channels; null leaves the layer as it is. */
export type Units = number | null;
const untouched = null;
/** Units by layer, in the order of the choices. */
export type Plan = readonly Units[];
/** The cost (MACs) of a whole plan; it must not fall where a layer's units grow. */
export type CostOf = (plan: Plan) => number;

export interface Selection {
  readonly plan: Plan;
  readonly cost: number;
  /** Whether the target could be met; where not, the plan is the cheapest there is. */
  readonly reached: boolean;
}

/** Chooses units for each layer so that the cost comes as close to `target` from below as a unit allows. */
export function selectGreedy(choices: readonly LayerChoices[], costOf: CostOf, target: number): Selection {
  const all: Plan = choices.map(() => untouched);
  const done = (plan: Plan, reached = true): Selection => ({ plan, cost: costOf(plan), reached });
  if (costOf(all) <= target) return done(all);
  const thresholds = [...new Set(choices.flatMap(({ scores }) => scores.map(({ score }) => score)))].sort(
    (a, b) => b - a,
  );
  const plans = [
    all,
    ...thresholds.map((score) => planAt(choices, score)),
    choices.map(({ least }) => least),
  ];
  const meets = firstIndex(plans, (plan) => costOf(plan) <= target);
  if (meets < 0) return done(plans[plans.length - 1], false);
  return done(land(choices, plans[meets], plans[meets - 1], costOf, target));
}

/** Each layer's smallest candidate whose score is at least `score`. */
export function planAt(choices: readonly LayerChoices[], score: number): Plan {
  return choices.map(({ scores }) => {
    const good = scores.filter((candidate) => candidate.score >= score).map(({ units }) => units);
    return good.length ? Math.min(...good) : untouched;
  });
}

/** Costs fall along the list, so the first that meets the target is found by bisection. */
function firstIndex(plans: readonly Plan[], meets: (plan: Plan) => boolean): number {
  let [low, high] = [0, plans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (meets(plans[middle])) high = middle;
    else low = middle + 1;
  }
  return low < plans.length ? low : -1;
}

/** The dearest plan on the line from `below` to `above` that meets the target, then filled up unit by unit. */
function land(
  choices: readonly LayerChoices[],
  below: Plan,
  above: Plan,
  costOf: CostOf,
  target: number,
): Plan {
  const at = (share: number): Plan =>
    below.map((units, i) => {
      if (units === untouched || above[i] === units) return units;
      const end = above[i] === untouched ? choices[i].most : (above[i] as number);
      return Math.round(units + share * (end - units));
    });
  let [low, high] = [0, 1];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (costOf(at(middle)) <= target) low = middle;
    else high = middle;
  }
  return fill(choices, at(low), above, costOf, target);
}

/** Gives single units back, always to the layer that has come the shortest way towards `above`, while they fit. */
function fill(
  choices: readonly LayerChoices[],
  start: Plan,
  above: Plan,
  costOf: CostOf,
  target: number,
): Plan {
  let plan = start;
  for (;;) {
    const next = plan
      .map((units, i) => ({
        i,
        units: step(units, above[i], choices[i].most),
        share: share(units, above[i], choices[i].most),
      }))
      .filter(({ units, i }) => units !== plan[i])
      .sort((a, b) => a.share - b.share || a.i - b.i)
      .map(({ i, units }) => plan.map((old, at) => (at === i ? units : old)))
      .find((candidate) => costOf(candidate) <= target);
    if (!next) return plan;
    plan = next;
  }
}

function step(units: Units, above: Units, most: number): Units {
  if (units === untouched || units === above) return units;
  if (units < (above === untouched ? most : above)) return units + 1;
  return above;
}

const share = (units: Units, above: Units, most: number): number =>
  units === untouched ? 1 : units / (above === untouched ? most + 1 : above);
