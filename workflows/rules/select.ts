import type { Candidate } from '../../contract/run';
import { apart, counted, points, type StepVerdict } from '../../contract/verdict';

/** Shortfall of a requirement: the best trade-off found, and what stopped it. */
export interface Unmet {
  readonly best: string;
  readonly stoppedBy: 'too much drop' | 'too far from the target' | 'nobody approved';
  readonly reason: string;
}

/** C, X, and how far above C the ratio may lie. */
export interface Requirement {
  readonly target: number;
  readonly tolerance: number;
  readonly closeness: number;
}

/** The ratio that is counted as near enough: a hair is left for sums in binary. */
const isClose = ({ achieved }: Candidate, { target, closeness }: Requirement) =>
  achieved <= target + closeness + 1e-9;
const isWithin = ({ drop }: Candidate, { tolerance }: Requirement) => drop <= tolerance + 1e-9;

/** Step 5: a model is eligible whose ratio is within `closeness` of C, or below C, and whose drop is at most X. */
export const isEligible = (candidate: Candidate, requirement: Requirement): boolean =>
  isClose(candidate, requirement) && isWithin(candidate, requirement);

/** Step 5: the eligible model with the highest metric; ties go to fewer MACs, then to lower latency. */
export const select = (candidates: readonly Candidate[], requirement: Requirement): Candidate | undefined =>
  candidates
    .filter((candidate) => isEligible(candidate, requirement))
    .sort(
      (a, b) =>
        b.metricAfter - a.metricAfter ||
        a.macs - b.macs ||
        (a.latencyMs ?? Infinity) - (b.latencyMs ?? Infinity),
    )[0];

/** Why a candidate is not eligible, in a few words; undefined for one that is. */
export function objection(candidate: Candidate, requirement: Requirement): string | undefined {
  const over = [
    ...(isClose(candidate, requirement) ? [] : ['too far from C']),
    ...(isWithin(candidate, requirement) ? [] : ['too much drop']),
  ];
  return over.length ? over.join(', ') : undefined;
}

/**
 * Explains why no model is eligible: of those that keep within X, the one nearest to C was stopped by its ratio; if
 * none keeps within X, the one with the smallest drop was stopped by its drop (of those at C, if any got there).
 */
export function unmet(candidates: readonly Candidate[], requirement: Requirement): Unmet {
  const { target, tolerance, closeness } = requirement;
  const limit = (target + closeness).toFixed(3);
  const kept = candidates.filter((candidate) => isWithin(candidate, requirement));
  const say = ({ id, achieved, drop }: Candidate) =>
    `${id} has a ratio of ${achieved.toFixed(3)} and loses ${drop.toFixed(2)} points`;
  if (kept.length) {
    const [best] = [...kept].sort((a, b) => a.achieved - b.achieved || a.drop - b.drop);
    return {
      best: best.id,
      stoppedBy: 'too far from the target',
      reason: `no model at a ratio of ${limit} or less loses at most ${tolerance} points; the smallest that does, ${say(best)}`,
    };
  }
  const close = candidates.filter((candidate) => isClose(candidate, requirement));
  const [best] = [...(close.length ? close : candidates)].sort((a, b) => a.drop - b.drop || a.macs - b.macs);
  return {
    best: best.id,
    stoppedBy: 'too much drop',
    reason: `no model loses at most ${tolerance} points; the best found, ${say(best)}`,
  };
}

/** Step 5's rule in a sentence. */
export const selectRule = ({ target, tolerance, closeness }: Requirement): string =>
  `Eligible is a candidate with a ratio of at most ${(target + closeness).toFixed(3)} that loses at most ${points(tolerance)}; the one with the best metric is selected, of equal ones that with fewer MACs, then the faster.`;

/**
 * Step 5 for people: why each candidate was selected, or was not.
 * @param selected if a person chose another than the rule would, the reasons say so
 */
export function selectVerdicts(
  candidates: readonly Candidate[],
  selected: Candidate | undefined,
  requirement: Requirement,
): StepVerdict[] {
  const isByRule = select(candidates, requirement)?.id === selected?.id;
  const eligible = candidates.filter((candidate) => isEligible(candidate, requirement)).length;
  return candidates.map((candidate) => {
    const { id, achieved, drop, metricAfter } = candidate;
    const kept = id === selected?.id;
    const objections = shortcomings(candidate, requirement);
    const say = (...reasons: string[]): StepVerdict => ({
      id,
      kept,
      why: `ratio ${achieved.toFixed(3)}, drop ${points(drop)}: ${reasons.join(', and ')}`,
    });
    if (!isByRule && kept) return say(...objections, 'a person chose it');
    if (kept)
      return say(`the best metric, ${metricAfter.toFixed(2)}, of ${counted(eligible, 'eligible candidate')}`);
    if (objections.length) return say(...objections);
    return say(
      `eligible, but ${isByRule && selected ? behind(candidate, selected) : 'a person chose otherwise'}`,
    );
  });
}

/** Lists the limits that a candidate exceeds, with figures. */
function shortcomings(candidate: Candidate, requirement: Requirement): string[] {
  const { target, tolerance, closeness } = requirement;
  return [
    ...(isClose(candidate, requirement) ? [] : [`its ratio is above ${(target + closeness).toFixed(3)}`]),
    ...(isWithin(candidate, requirement) ? [] : [`it loses more than ${points(tolerance)}`]),
  ];
}

/** Says in what an eligible candidate is worse than the selected one. */
function behind({ metricAfter, macs }: Candidate, selected: Candidate): string {
  if (metricAfter < selected.metricAfter) {
    const [own, best] = apart(metricAfter, selected.metricAfter);
    return `its metric, ${own}, is below the ${best} of ${selected.id}`;
  }
  return macs > selected.macs
    ? `at the same metric it has more MACs than ${selected.id}`
    : `at the same metric and MACs it is not faster than ${selected.id}`;
}
