import { land } from './landing';
import { type CostOf, type LayerChoices, type Plan, tolerance, type Units, withUnits } from './plan';
import { Problem } from './problem';
import { type Selection, type SelectionSettings, selectRatios } from './select-ratios';

/** A layer's choices, and what they are to a processor that computes in blocks of channels. */
export interface BlockedChoices extends LayerChoices {
  /** Channels in memory that one unit is; 1 by default. */
  readonly width?: number;
  /** Most units in whole blocks that are sure to be faster than the untouched layer; `most` by default. */
  readonly mostInBlocks?: number;
}

/** A choice of units, and how coarse they are. */
export interface BlockedSelection extends Selection {
  /** Channels that units are multiples of, but for the last few of a plan that had to come nearer to its target. */
  readonly multiplicity: number;
}

/** Channels that ONNX Runtime's blocked layout on the CPU must be a multiple of: others are computed far slower. */
const alignment = 4;

/**
 * Most that whole blocks may add to the outputs' squared error, as a factor: at most twice the distance. Fine-tuning
 * makes up for that; where blocks are too coarse for a layer, nothing does.
 */
const mostError = 4;

/**
 * Chooses units in whole blocks of channels, since a processor computes a part of a block in the time of a whole one
 * (ONNX Runtime's NCHWc layout on the CPU, tensor cores on CUDA). If no such plan comes within 0.01 of the target,
 * single layers leave the blocks; if even all layers at one block are too much, or lose too much, all units get finer:
 * half blocks, then fours, then any.
 * @param block channels per block; with 1 this is `selectRatios`
 * @throws EngineError `InvalidSettings` for settings that do not fit the layers
 */
export function selectByBlocks(
  choices: readonly BlockedChoices[],
  costOf: CostOf,
  target: number,
  settings: SelectionSettings,
  block: number,
): BlockedSelection {
  const finest = { ...selectRatios(choices, costOf, target, settings), multiplicity: 1 };
  const problem = new Problem(choices, costOf, target, settings.whole);
  const { whole } = problem;
  const mostLost = mostError * problem.error(finest.plan);
  const isNear = (cost: number) => Math.abs(target - cost) <= tolerance * whole;
  const isGood = (plan: Plan, cost: number) => isNear(cost) && problem.error(plan) <= mostLost;
  for (const multiplicity of stepsOf(block)) {
    const inBlocks = choices.map((choice) => multiplesOf(multiplicity, choice));
    const found = selectRatios(inBlocks, costOf, target, { ...settings, whole, closeness: tolerance });
    if (isGood(found.plan, found.cost)) return { ...found, multiplicity };
    if (found.cost > target) continue;
    for (const finer of [...stepsOf(multiplicity).slice(1), 1]) {
      const finerUnits = choices.map((choice) => multiplesOf(finer, choice));
      const plan = topUp(new Problem(finerUnits, costOf, target, whole), found.plan, isNear);
      const cost = costOf(plan);
      if (isGood(plan, cost)) return { plan, cost, reached: true, multiplicity };
    }
  }
  return finest;
}

/** Lists the multiples to try before single units, coarsest first. */
function stepsOf(block: number): number[] {
  const steps = [];
  for (let step = block; step > 1; step = step > alignment ? Math.max(alignment, Math.floor(step / 2)) : 1)
    steps.push(step);
  return steps;
}

/** Restricts a layer to units that are whole multiples of `channels`. */
function multiplesOf(channels: number, { width = 1, mostInBlocks, ...choice }: BlockedChoices): LayerChoices {
  return {
    ...choice,
    most: Math.min(choice.most, mostInBlocks ?? choice.most),
    step: channels / greatestCommonDivisor(channels, width),
  };
}

const greatestCommonDivisor = (a: number, b: number): number => (b ? greatestCommonDivisor(b, a % b) : a);

/**
 * Adds finer units to a plan: to the one layer in which they bring it near the target with the least error or, if there
 * is none, wherever they remove most error for their cost, until none fits.
 */
function topUp(problem: Problem, plan: Plan, isNear: (cost: number) => boolean): Plan {
  const alone = plan
    .map((_, at) => withUnits(plan, at, mostThatFit(problem, plan, at)))
    .filter((raised) => isNear(problem.cost(raised)));
  if (!alone.length) return land(problem, plan, problem.untouched);
  return alone.reduce((best, one) => (problem.error(one) < problem.error(best) ? one : best));
}

/** Returns the most units that one layer may have without the plan costing more than the target. */
function mostThatFit(problem: Problem, plan: Plan, at: number): Units {
  const grid = problem.grids[at];
  // Costs rise with the units, so bisection finds the last place that fits.
  let [low, high] = [grid.place(plan[at]), grid.untouched + 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (problem.cost(withUnits(plan, at, grid.units(middle))) <= problem.target) low = middle;
    else high = middle;
  }
  return grid.units(low);
}
