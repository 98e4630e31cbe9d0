import { EngineError } from '../errors';
import { fitScores } from './monotonic';
import { approach } from './nearest';
import { better, optimalPlan } from './optimal';
import { closeness, type CostOf, type LayerChoices, type Plan, tolerance } from './plan';
import { Problem } from './problem';
import type { Shortfall } from './shortfall';
import { tarPlan } from './tar';
import { greedyPlan } from './greedy';

/** The ways to choose a plan. */
export const selections = ['greedy', 'tar', 'optimal'] as const;
export type SelectionName = (typeof selections)[number];

export interface SelectionSettings {
  readonly select: SelectionName;
  /** Makes each layer's scores rise with its units before greedy and tar read them (AIMET's `use_monotonic_fit`). */
  readonly monotonic?: boolean;
  /** The cost that ratios and tolerances are shares of, where parts of the model are held apart; the untouched plan's by default. */
  readonly whole?: number;
}

export interface Selection {
  readonly plan: Plan;
  /** The plan's cost; at most the target wherever a plan below is within 0.01 of it, or none above is. */
  readonly cost: number;
  /** Whether the target could be met, or all but 0.01; where not, the plan is the cheapest there is. */
  readonly reached: boolean;
  /** Set where the plan stays more than 0.01 of the whole cost away from the target. */
  readonly shortfall?: Shortfall;
}

/**
 * Chooses units for each layer so that the cost comes to the target: from below within 0.01 of the whole cost wherever a
 * plan does, else from above as far, and otherwise as near from below as there is, with the reason.
 * @param costOf the cost of a plan in any unit (MACs, parameters, ms); it must not fall where a layer's units grow.
 * @param target in the same unit.
 * @throws EngineError `InvalidSettings` for settings that do not fit the layers.
 */
export function selectRatios(
  choices: readonly LayerChoices[],
  costOf: CostOf,
  target: number,
  settings: SelectionSettings,
): Selection {
  if (!(target > 0))
    throw new EngineError(
      'InvalidSettings',
      `target ${target}: selection ${settings.select} needs a cost above 0`,
    );
  const fitted = settings.monotonic ? fitScores(choices) : choices;
  return solve(new Problem(fitted, costOf, target, settings.whole), rules[settings.select]);
}

type Rule = (problem: Problem) => Plan;

const rules: Readonly<Record<SelectionName, Rule>> = {
  greedy: greedyPlan,
  tar: tarPlan,
  optimal(problem) {
    // The allocation holds for summed errors; the other rules' plans are free to win by that measure too.
    const [optimal, ...others] = [optimalPlan, greedyPlan, tarPlan].map((rule) => rule(problem));
    return others.reduce((best, plan) => (better(problem, plan, best) ? plan : best), optimal);
  },
};

/** Applies a rule where the target lies between the floor and the whole, then brings its plan near enough. */
function solve(problem: Problem, rule: Rule): Selection {
  const { target, whole, floor, untouched } = problem;
  const far = tolerance * whole;
  const most = problem.cost(untouched);
  if (most <= target) return { plan: untouched, cost: most, reached: true };
  const least = problem.cost(floor);
  if (least > target) {
    const reached = least - target <= far;
    const short = !reached && { shortfall: shortfall('floor', problem, least) };
    return { plan: floor, cost: least, reached, ...short };
  }
  const plan = fromBelow(problem, rule);
  const cost = problem.cost(plan);
  if (target - cost <= far) return { plan, cost, reached: true };
  const higher = fromBelow(problem.aimedAt(target + far), rule);
  const above = problem.cost(higher);
  if (above > target) return { plan: higher, cost: above, reached: true };
  return { plan, cost, reached: true, shortfall: shortfall('units', problem, cost) };
}

/** The plan of a rule, or, where that stays away from the target, of whichever search comes nearer. */
function fromBelow(problem: Problem, rule: Rule): Plan {
  const { target, whole } = problem;
  const enough = target - closeness * whole;
  const brought = (chosen: Plan) =>
    problem.cost(chosen) >= enough ? chosen : approach(problem, chosen, enough);
  const plan = brought(rule(problem));
  if (target - problem.cost(plan) <= tolerance * whole) return plan;
  // A search that starts from where another rule stands may get nearer than its budget allowed from here.
  const other = brought(rules.optimal(problem));
  return problem.cost(other) > problem.cost(plan) ? other : plan;
}

const shortfall = (reason: Shortfall['reason'], { whole, target }: Problem, cost: number): Shortfall => ({
  reason,
  asked: target / whole,
  nearest: cost / whole,
});
