import { Knapsack, type Option } from './knapsack';
import { land, placesBetween } from './landing';
import { closeness, type Plan } from './plan';
import type { Problem } from './problem';

/** Buckets of the knapsack's budget, and the most option-bucket pairs that are visited: a tenth of a second. */
const buckets = 4096;
const work = 20_000_000;
/** From this many layers on, one step of one layer is negligible: the Lagrangian allocation is as good as exact. */
const manyLayers = 256;
/** Linearizations of coupled costs, for few layers and for many. */
const rounds = { few: 4, many: 2 };

/**
 * Finds the plan of least predicted error within the target: the layers' errors, from the loss curves, are summed and
 * their costs allocated as a multiple-choice knapsack. If the layers' costs add up (SVD) that is one dynamic program.
 * If they multiply (channel pruning: a layer's cost shrinks with its input and its output channels), the costs are
 * linearized around a plan, allocated, and linearized again around the result. The Lagrangian allocation, which uses
 * the real costs, comes first and is kept if nothing better is found.
 */
export function optimalPlan(problem: Problem): Plan {
  const lagrangian = land(problem, problem.floor, problem.untouched);
  let best = lagrangian;
  const many = problem.choices.length > manyLayers;
  if (problem.separable && many) return lagrangian;
  let around = problem.separable ? problem.floor : lagrangian;
  const times = problem.separable ? 1 : many ? rounds.many : rounds.few;
  for (let round = 0; round < times; round++) {
    const allocated = allocate(problem, around);
    if (!allocated) break;
    const plan = land(problem, allocated, problem.untouched);
    if (!better(problem, plan, best)) break;
    [best, around] = [plan, plan];
  }
  return best;
}

/** Tells if `plan` is preferable: near enough to the target when the other is not, else of less error. */
export function better(problem: Problem, plan: Plan, other: Plan): boolean {
  const short = (candidate: Plan) =>
    Math.max(0, problem.target - problem.cost(candidate) - closeness * problem.whole);
  const [mine, theirs] = [short(plan), short(other)];
  return mine === theirs ? problem.error(plan) < problem.error(other) : mine < theirs;
}

/** Returns the knapsack's plan, with costs as they change from `around` one layer at a time; undefined if none fits. */
function allocate(problem: Problem, around: Plan): Plan | undefined {
  const cost = problem.cost(around);
  const inAll = Math.floor(work / buckets);
  const places = problem.grids.map(({ untouched }, at) => [
    0,
    ...placesBetween(problem, at, 0, untouched, inAll),
  ]);
  const changes = places.map((all, at) => all.map((place) => problem.change(around, cost, at, place)));
  // Costs are counted from each layer's lowest, so that none is negative.
  const base = changes.reduce((sum, all) => sum + all[0], cost);
  const options = changes.map((all, at) =>
    all.map((change, i): Option => ({ cost: change - all[0], error: problem.errorAt(at, places[at][i]) })),
  );
  const budget = problem.target - base;
  const near = closeness * problem.whole;
  // Linearized costs may be too high or too low: offer more than the budget and search for what really fits.
  const highest = problem.separable ? budget : Math.max(0, budget) + 0.2 * problem.whole;
  if (!(highest >= 0)) return undefined;
  const knapsack = new Knapsack(options, highest, buckets);
  const planFor = (most: number): Plan | undefined => {
    const chosen = knapsack.best(most - near, most) ?? knapsack.best(0, most);
    return chosen && problem.plan(chosen.map((option, at) => places[at][option]));
  };
  if (problem.separable) return fitting(problem, planFor(budget));
  let [low, high] = [0, highest];
  let found: Plan | undefined;
  for (let halving = 0; halving < 14; halving++) {
    const middle = (low + high) / 2;
    const plan = fitting(problem, planFor(middle));
    if (plan) [found, low] = [plan, middle];
    else high = middle;
  }
  return found;
}

const fitting = (problem: Problem, plan: Plan | undefined) =>
  plan && problem.cost(plan) <= problem.target ? plan : undefined;
