/**
 * Greedy ratio selection: AIMET's rule, and then what AIMET leaves out, landing on the asked ratio.
 *
 * AIMET looks for the score threshold s at which every layer may take its smallest candidate ratio whose score is at
 * least s, and the whole meets the target. Accuracy on a finite set comes in steps, so that the costs reachable this
 * way lie far apart (0.45 where 0.75 was asked). Here the threshold gives two neighbouring plans, one at or below the
 * target and one above it, and the plan returned lies between them in units (ranks, channels), which are far finer
 * than the candidates: at or below the target by less than one layer's unit (see landing.ts).
 */
import { exchange } from './exchange';
import { land } from './landing';

/** What a layer may become. */
export interface LayerChoices {
  readonly layer: string;
  /** The smallest and largest units that are worth having; beyond `most` the layer is better left untouched. */
  readonly least: number;
  readonly most: number;
  /** Units, the model's score with them, and how far its outputs then are from what they were, for each candidate. */
  readonly scores: readonly { readonly units: number; readonly score: number; readonly error: number }[];
}

/** Ranks or channels; null leaves the layer as it is. */
export type Units = number | null;
const untouched = null;
/** How near to the target, as a share of the whole cost, a plan may stay. */
const closeness = 0.003;
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
  const landed = land(choices, plans[meets], plans[meets - 1], costOf, target);
  return done(exchange(choices, landed, costOf, target, closeness * costOf(all)));
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
