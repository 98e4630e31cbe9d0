import { EngineError } from '../errors';
import { type CostOf, type Plan, tolerance } from '../ratios/plan';
import { type BlockedChoices, type BlockedSelection, selectByBlocks } from '../ratios/select-by-blocks';
import { type Selection, selectRatios } from '../ratios/select-ratios';
import { type Compressed, type Compressor, type Part, unitsOf } from './compressor';
import { type Method, type Selecting, type Technique, techniqueTraits } from '../names';
import type { Speed } from '../runtime/timing';
import type { LayerScores } from './types';
import { own } from '../table';

/** A plan, its cost, and the number of which units are multiples. */
export type ChosenUnits = BlockedSelection;

/** Units for each part and, if costs are measured, the result. */
export interface Chosen {
  readonly selection: ChosenUnits;
  /** The plan carried out, all parts at once. */
  readonly made?: Compressed;
  /** The requested cost, relative to the model's; to be counted if undefined. */
  readonly achieved?: number;
  /** Speed beside the model, if costs are measured. */
  readonly speed?: Speed;
}

/**
 * Share of its cost above which a layer is not split in whole blocks: two smaller layers take longer than their share of
 * the MACs says (`npm run bench:widths`).
 */
const worthwhileShare = 0.9;

/** Input of choosing a plan. */
export interface Choosing {
  readonly method: Method;
  readonly selection: Selecting;
  readonly scores: readonly LayerScores[];
  /** Cost of a plan, in the order of the compressor's parts. */
  readonly costOf: CostOf;
  /** In the unit of `costOf`; undefined in mode `manual` leaves the plan as the ratios say. */
  readonly target: number | undefined;
}

/**
 * Chooses units for each part of a compressor: values set by hand are kept, the rest follows the selection's rule.
 * @throws EngineError `InvalidSettings` if names, ratios or channels set by hand fit no part
 */
export function choosePlan({ parts }: Pick<Compressor, 'parts'>, choosing: Choosing): ChosenUnits {
  const { method, selection, scores, costOf, target } = choosing;
  const fixed = byHand(parts, method, selection);
  const rows = new Map(scores.map((row) => [row.layer, row]));
  const free = parts.flatMap((part, at) => (fixed[at] === undefined && rows.has(part.name) ? [at] : []));
  checkScores(scores, parts, method);
  const spread = (plan: Plan): Plan => {
    const whole = fixed.map((units) => units ?? null);
    free.forEach((at, i) => (whole[at] = plan[i]));
    return whole;
  };
  const found =
    target === undefined
      ? { plan: [], cost: 0, reached: true, multiplicity: 1 }
      : select(parts, choosing, free, rows, (plan) => costOf(spread(plan)), target);
  const plan = spread(found.plan);
  return { ...found, plan, cost: costOf(plan) };
}

function select(
  parts: readonly Part[],
  choosing: Choosing,
  free: readonly number[],
  rows: ReadonlyMap<string, LayerScores>,
  costOf: CostOf,
  target: number,
): ChosenUnits {
  const { method, selection } = choosing;
  const { minimum, multiplicity, block = 1 } = method;
  const byNumber = multiplicity !== 'auto';
  const choices = free.map((at): BlockedChoices => {
    const { name, most, full, unitsAtOne, width } = parts[at];
    return {
      layer: name,
      least: minimum,
      most,
      full,
      unitsAtOne,
      ...(byNumber && { step: multiplicity }),
      scores: rows.get(name)!.scores,
      width,
      ...(techniqueTraits[method.technique].units === 'rank' && {
        mostInBlocks: Math.floor(worthwhileShare * unitsAtOne),
      }),
    };
  });
  const whole = choosing.costOf(parts.map(() => null));
  if (!choices.length) return { ...allByHand(costOf([]), target, whole), multiplicity: 1 };
  // In mode manual, the best allocation chooses what the ratios set by hand leave open.
  const mode = selection.mode === 'manual' ? 'optimal' : selection.mode;
  const settings = { select: mode, monotonic: selection.monotonic, whole };
  return byNumber
    ? { ...selectRatios(choices, costOf, target, settings), multiplicity }
    : selectByBlocks(choices, costOf, target, settings, block);
}

/** Checks scores, which may come from elsewhere: they must be for this technique, and for existing parts. */
function checkScores(scores: readonly LayerScores[], parts: readonly Part[], { technique }: Method): void {
  const names = new Set(parts.map(({ name }) => name));
  const stranger = scores.find((row) => row.technique !== technique || !names.has(row.layer));
  if (!stranger) return;
  throw new EngineError(
    'InvalidSettings',
    `eval scores name layer ${stranger.layer} by ${stranger.technique}, which ${technique} can't compress in this model: ` +
      'they are of another model or technique; score this model again',
  );
}

/** Nothing is left to choose: the plan costs what it costs. */
function allByHand(cost: number, target: number, whole: number): Selection {
  if (Math.abs(cost - target) <= tolerance * whole) return { plan: [], cost, reached: true };
  const shortfall = { reason: 'by hand', asked: target / whole, nearest: cost / whole } as const;
  return { plan: [], cost, reached: cost <= target, shortfall };
}

/** Lists units set by hand, in the order of the parts: null leaves a part as it is, undefined leaves it to the rule. */
function byHand(
  parts: readonly Part[],
  method: Method,
  { ratios, channels }: Selecting,
): (number | null | undefined)[] {
  checkByHand(parts, method.technique, { ratios, channels });
  return parts.map((part) => {
    const removed = own(channels, part.name);
    if (removed) return part.full - new Set(removed).size;
    const ratio = own(ratios, part.name);
    if (ratio === undefined) return undefined;
    const units = unitsOf(part, ratio, method);
    return units > part.most ? null : units;
  });
}

/**
 * Checks that values set by hand fit what can be compressed.
 * @throws EngineError `InvalidSettings` that names the first that does not
 */
export function checkByHand(
  parts: readonly { readonly name: string }[],
  technique: Technique,
  { ratios, channels }: Pick<Selecting, 'ratios' | 'channels'>,
): void {
  const names = new Set(parts.map(({ name }) => name));
  const stranger = [...Object.keys(ratios), ...Object.keys(channels)].find((name) => !names.has(name));
  const refuse = (why: string) => {
    throw new EngineError('InvalidSettings', why);
  };
  if (stranger !== undefined)
    refuse(`${technique} can't compress ${stranger}; it can compress: ${[...names].join(', ')}`);
  if (Object.keys(channels).length && techniqueTraits[technique].units !== 'channels')
    refuse(`channels are set by hand, but ${technique} does not remove channels: set ratios`);
  const twice = Object.keys(ratios).find((name) => own(channels, name));
  if (twice !== undefined) refuse(`${twice} has both a ratio and channels set by hand: remove one of them`);
  const none = Object.keys(channels).find((name) => !channels[name].length);
  if (none !== undefined)
    refuse(`the list of channels to remove from ${none} is empty: name channels, or remove the list`);
  const wrong = Object.entries(ratios).find(([, ratio]) => !(ratio > 0 && ratio <= 1));
  if (wrong) refuse(`the ratio of ${wrong[0]} must be above 0 and at most 1, not ${wrong[1]}`);
}
