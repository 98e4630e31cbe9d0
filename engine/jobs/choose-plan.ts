import { EngineError } from '../errors';
import { type CostOf, type LayerChoices, type Plan, tolerance } from '../ratios/plan';
import { type Selection, selectRatios } from '../ratios/select';
import { type Compressor, type Part, unitsOf } from './compressor';
import type { Method, Selecting } from './method';
import type { LayerScores } from './types';

/** What a plan is chosen by. */
export interface Choosing {
  readonly method: Method;
  readonly selection: Selecting;
  readonly scores: readonly LayerScores[];
  /** The cost of a plan in the order of the compressor's parts. */
  readonly costOf: CostOf;
  /** In the unit of `costOf`; undefined in mode `manual` leaves the plan as the ratios say. */
  readonly target: number | undefined;
}

/**
 * Units for each part of a compressor: what was given by hand is held, the rest goes by the selection's rule.
 * @throws EngineError `InvalidSettings` where hand-given names, ratios or channels fit no part.
 */
export function choosePlan({ parts }: Compressor, choosing: Choosing): Selection {
  const { method, selection, scores, costOf, target } = choosing;
  const fixed = byHand(parts, method, selection);
  const rows = new Map(scores.map((row) => [row.layer, row]));
  const free = parts.flatMap((part, at) => (fixed[at] === undefined && rows.has(part.name) ? [at] : []));
  const spread = (plan: Plan): Plan => {
    const whole = fixed.map((units) => units ?? null);
    free.forEach((at, i) => (whole[at] = plan[i]));
    return whole;
  };
  const found =
    target === undefined
      ? { plan: free.map(() => null), cost: 0, reached: true }
      : select(parts, choosing, free, rows, (plan) => costOf(spread(plan)), target);
  const plan = spread(found.plan);
  return { ...found, plan, cost: costOf(plan) };
}

function select(
  parts: readonly Part[],
  { method, selection }: Choosing,
  free: readonly number[],
  rows: ReadonlyMap<string, LayerScores>,
  costOf: CostOf,
  target: number,
): Selection {
  const choices = free.map((at): LayerChoices => {
    const { name, most, full, unitsAtOne } = parts[at];
    const { minimum, multiplicity } = method;
    const least = Math.min(minimum, most);
    return {
      ...{ layer: name, least, most, full, unitsAtOne, step: multiplicity },
      scores: rows.get(name)!.scores,
    };
  });
  if (!choices.length) return allByHand(costOf, target);
  // What is left to choose after hand-given ratios is what mode manual leaves to the best allocation.
  const mode = selection.mode === 'manual' ? 'optimal' : selection.mode;
  return selectRatios(choices, costOf, target, { select: mode, monotonic: selection.monotonic });
}

/** Nothing is left to choose: the plan costs what it costs. */
function allByHand(costOf: CostOf, target: number): Selection {
  const cost = costOf([]);
  if (Math.abs(cost - target) <= tolerance * target) return { plan: [], cost, reached: true };
  const message = `all parts have their ratios by hand, which come to ${(cost / target).toFixed(3)} times the target`;
  return {
    plan: [],
    cost,
    reached: cost <= target,
    shortfall: { reason: 'units', asked: target, nearest: cost, message },
  };
}

/** Units given by hand, in the order of the parts: null leaves a part as it is, undefined leaves it to the rule. */
function byHand(
  parts: readonly Part[],
  method: Method,
  { ratios, channels }: Selecting,
): (number | null | undefined)[] {
  const names = new Set(parts.map(({ name }) => name));
  const stranger = [...Object.keys(ratios), ...Object.keys(channels)].find((name) => !names.has(name));
  if (stranger !== undefined)
    throw new EngineError(
      'InvalidSettings',
      `${stranger} is nothing that ${method.technique} can compress; it can: ${[...names].join(', ')}`,
    );
  if (Object.keys(channels).length && method.technique !== 'channel-pruning')
    throw new EngineError(
      'InvalidSettings',
      `channels are given by hand, and ${method.technique} removes none`,
    );
  return parts.map((part) => {
    if (channels[part.name]) return part.full - new Set(channels[part.name]).size;
    if (ratios[part.name] === undefined) return undefined;
    const units = unitsOf(part, ratios[part.name], method);
    return units > part.most ? null : units;
  });
}
