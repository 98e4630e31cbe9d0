import type { Candidate } from '../../contract/run';
import { lossText, points } from '../../contract/verdict';

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
  /**
   * The rule for equal models. `faster`: metrics that differ by less than the standard error are equal, and the faster
   * model wins. `fewer MACs`, of runs that started before that rule: only the same metric is equal.
   */
  readonly amongEquals: 'faster' | 'fewer MACs';
}

/** Choice of step 5 among the eligible models. */
export interface Choice {
  readonly selected: Candidate;
  /** Eligible models whose metric counts as equal to the best, that with the best first. */
  readonly equal: readonly Candidate[];
  /** Standard error of the best metric, in points; undefined if it is unknown, or the rule knows none. */
  readonly standardError?: number;
  /** The figure that decided: the metric, or among models of equal metric the latency or, if it was not measured, the MACs. */
  readonly by: 'metric' | 'latency' | 'MACs';
}

/** The ratio that is counted as near enough: a hair is left for sums in binary. */
export const isClose = ({ achieved }: Candidate, { target, closeness }: Requirement): boolean =>
  achieved <= target + closeness + 1e-9;
export const isWithin = ({ drop }: Candidate, { tolerance }: Requirement): boolean =>
  drop <= tolerance + 1e-9;

/** Step 5: a model is eligible whose ratio is within `closeness` of C, or below C, and whose drop is at most X. */
export const isEligible = (candidate: Candidate, requirement: Requirement): boolean =>
  isClose(candidate, requirement) && isWithin(candidate, requirement);

const bestFirst = (a: Candidate, b: Candidate): number =>
  b.metricAfter - a.metricAfter || a.macs - b.macs || (a.latencyMs ?? Infinity) - (b.latencyMs ?? Infinity);

/**
 * Step 5: of the eligible models whose metric is within a standard error of the best, the fastest; if others are as
 * fast, within the noise of the measurement, the best of them. Without latencies, the one with the fewest MACs.
 */
export function choose(candidates: readonly Candidate[], requirement: Requirement): Choice | undefined {
  const eligible = candidates.filter((candidate) => isEligible(candidate, requirement)).sort(bestFirst);
  const [best] = eligible;
  if (!best) return undefined;
  const isSpeedCounted = requirement.amongEquals === 'faster';
  const standardError = isSpeedCounted ? best.standardError : undefined;
  const equal = eligible.filter(
    ({ metricAfter }) =>
      metricAfter === best.metricAfter || best.metricAfter - metricAfter < (standardError ?? 0),
  );
  const choice = { equal, standardError };
  if (equal.length === 1) return { ...choice, selected: best, by: 'metric' };
  const timed = isSpeedCounted ? equal.filter(isTimed) : [];
  if (timed.length < equal.length) {
    const [smallest] = [...equal].sort((a, b) => a.macs - b.macs);
    return { ...choice, selected: smallest, by: 'MACs' };
  }
  const [fastest] = [...timed].sort((a, b) => a.latencyMs - b.latencyMs);
  const asFast = timed.filter((candidate) => isAsFast(candidate, fastest));
  return { ...choice, selected: asFast[0], by: asFast.length === equal.length ? 'metric' : 'latency' };
}

/** A candidate whose latency was measured. */
type Timed = Candidate & { readonly latencyMs: number };
const isTimed = (candidate: Candidate): candidate is Timed => candidate.latencyMs !== undefined;

/** Tells if a model is as fast as a faster one, within the noise of both. */
export const isAsFast = (model: Timed, fastest: Timed): boolean =>
  model.latencyMs - fastest.latencyMs <= Math.max(noiseOf(model), noiseOf(fastest)) * fastest.latencyMs;

/** Noise of a latency, as a share of it; 0 if it is unknown. */
const noiseOf = ({ speed }: Candidate): number => (speed ? speed.noise / speed.faster : 0);

/** The model that step 5 selects; undefined if none is eligible. */
export const select = (candidates: readonly Candidate[], requirement: Requirement): Candidate | undefined =>
  choose(candidates, requirement)?.selected;

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
    `${id} has a ratio of ${achieved.toFixed(3)} and ${lossText(drop)}`;
  if (kept.length) {
    const [best] = [...kept].sort((a, b) => a.achieved - b.achieved || a.drop - b.drop);
    return {
      best: best.id,
      stoppedBy: 'too far from the target',
      reason: `no model at a ratio of ${limit} or less loses at most ${points(tolerance)}; the smallest that does, ${say(best)}`,
    };
  }
  const close = candidates.filter((candidate) => isClose(candidate, requirement));
  const [best] = [...(close.length ? close : candidates)].sort((a, b) => a.drop - b.drop || a.macs - b.macs);
  return {
    best: best.id,
    stoppedBy: 'too much drop',
    reason: `no model loses at most ${points(tolerance)}; the best found, ${say(best)}`,
  };
}
