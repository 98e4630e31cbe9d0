import { EngineError } from '../errors';
import type { SelectionMode } from '../names';
import { fitScores } from './monotonic';
import { approach } from './nearest';
import { better, optimalPlan } from './optimal';
import { closeness, type CostOf, type LayerChoices, type Plan, tolerance } from './plan';
import { Problem } from './problem';
import type { Shortfall } from './shortfall';
import { tarPlan } from './tar';
import { greedyPlan } from './greedy';

/** Rules that choose a plan by scores. */
export type SelectionRule = Exclude<SelectionMode, 'manual'>;

/** Settings of a selection. */
export interface SelectionSettings {
  readonly select: SelectionRule;
  /** Makes each layer's scores rise with its units before greedy and tar read them (AIMET's `use_monotonic_fit`). */
  readonly monotonic?: boolean;
  /**
   * The cost that ratios and tolerances refer to, if parts of the model are kept out; the untouched plan's cost by
   * default.
   */
  readonly whole?: number;
  /**
   * Distance to the target, as a share of the whole cost, to which a plan is brought even against the order of errors;
   * 0.003 by default.
   */
  readonly closeness?: number;
}

/** A chosen plan and its cost. */
export interface Selection {
  readonly plan: Plan;
  /** The plan's cost; at most the target if some plan below is within 0.01 of it, or if none above is. */
  readonly cost: number;
  /** True if the target was met, or missed by at most 0.01; if false, the plan is the cheapest possible. */
  readonly reached: boolean;
  /** Set if the plan stays more than 0.01 of the whole cost away from the target. */
  readonly shortfall?: Shortfall;
}

/**
 * Chooses units for each layer so that the cost meets the target: within 0.01 of the whole cost from below if some plan
 * does, else within 0.01 from above, else as near from below as possible, with the reason.
 * @param costOf cost of a plan in any unit (MACs, parameters, ms); it must not fall when a layer's units grow
 * @param target in the same unit
 * @throws EngineError `InvalidSettings` for settings that do not fit the layers
 */
export function selectRatios(
  choices: readonly LayerChoices[],
  costOf: CostOf,
  target: number,
  settings: SelectionSettings,
): Selection {
  if (!(target > 0)) throw new EngineError('InvalidSettings', `target cost must be above 0, not ${target}`);
  const fitted = settings.monotonic ? fitScores(choices) : choices;
  const { whole, select, closeness: close = closeness } = settings;
  return solve(new Problem(fitted, costOf, target, whole), rules[select], close);
}

type Rule = (problem: Problem) => Plan;

const rules: Readonly<Record<SelectionRule, Rule>> = {
  greedy: greedyPlan,
  tar: tarPlan,
  optimal(problem) {
    // The allocation is optimal only for summed errors; by that measure another rule's plan may still win.
    const [optimal, ...others] = [optimalPlan, greedyPlan, tarPlan].map((rule) => rule(problem));
    return others.reduce((best, plan) => (better(problem, plan, best) ? plan : best), optimal);
  },
};

/** Applies a rule if the target is between the floor and the whole, then brings its plan near enough. */
function solve(problem: Problem, rule: Rule, close: number): Selection {
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
  const plan = fromBelow(problem, rule, close);
  const cost = problem.cost(plan);
  if (target - cost <= far) return { plan, cost, reached: true };
  const higher = fromBelow(problem.aimedAt(target + far), rule, close);
  const above = problem.cost(higher);
  if (above > target) return { plan: higher, cost: above, reached: true };
  return { plan, cost, reached: true, shortfall: shortfall('units', problem, cost) };
}

/** Computes a rule's plan or, if that stays away from the target, whichever search comes nearer. */
function fromBelow(problem: Problem, rule: Rule, close: number): Plan {
  const { target, whole } = problem;
  const enough = target - close * whole;
  const brought = (chosen: Plan) =>
    problem.cost(chosen) >= enough ? chosen : approach(problem, chosen, enough);
  const plan = brought(rule(problem));
  if (target - problem.cost(plan) <= tolerance * whole) return plan;
  // A search that starts from another rule's plan may get nearer than its node budget allowed from here.
  const other = brought(rules.optimal(problem));
  return problem.cost(other) > problem.cost(plan) ? other : plan;
}

const shortfall = (reason: Shortfall['reason'], { whole, target }: Problem, cost: number): Shortfall => ({
  reason,
  asked: target / whole,
  nearest: cost / whole,
});
