import type { Candidate } from '../../contract/run';
import { apart, counted, lossText, points, type StepVerdict } from '../../contract/verdict';
import { choose, type Choice, isAsFast, isClose, isEligible, isWithin, type Requirement } from './select';

/** Step 5's rule in a sentence. */
export function selectRule({ target, tolerance, closeness, amongEquals }: Requirement): string {
  const eligible = `Eligible is a candidate with a ratio of at most ${(target + closeness).toFixed(3)} that loses at most ${points(tolerance)}; the one with the best metric is selected`;
  return amongEquals === 'faster'
    ? `${eligible}. Metrics that differ by less than their standard error count as equal: of equal ones, the faster is selected.`
    : `${eligible}, of equal ones that with fewer MACs, then the faster.`;
}

/**
 * Step 5 for people: why each candidate was selected, or was not.
 * @param selected if a person chose another than the rule would, the reasons say so
 */
export function selectVerdicts(
  candidates: readonly Candidate[],
  selected: Candidate | undefined,
  requirement: Requirement,
): StepVerdict[] {
  const choice = choose(candidates, requirement);
  const byRule = choice?.selected.id === selected?.id ? choice : undefined;
  const isByRule = choice?.selected.id === selected?.id;
  const eligible = candidates.filter((candidate) => isEligible(candidate, requirement)).length;
  return candidates.map((candidate) => {
    const { id, achieved, drop } = candidate;
    const kept = id === selected?.id;
    const objections = shortcomings(candidate, requirement);
    const say = (...reasons: string[]): StepVerdict => ({
      id,
      kept,
      why: `ratio ${achieved.toFixed(3)}, ${lossText(drop)}: ${reasons.join(', and ')}`,
    });
    if (!isByRule && kept) return say(...objections, 'a person chose it');
    if (kept && byRule) return say(whyChosen(byRule, eligible));
    if (objections.length) return say(...objections);
    return say(`eligible, but ${byRule ? behind(candidate, byRule) : 'a person chose otherwise'}`);
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

/** Says by what the selected candidate was chosen. */
function whyChosen({ selected, equal, standardError, by }: Choice, eligible: number): string {
  const [best] = equal;
  if (by === 'metric') {
    const first = `the best metric, ${selected.metricAfter.toFixed(2)}, of ${counted(eligible, 'eligible candidate')}`;
    return equal.length > 1 && selected.latencyMs !== undefined
      ? `${first}, and none of equal metric is faster than its ${ms(selected)}`
      : first;
  }
  const others = `${counted(equal.length, 'candidate')} whose metrics count as equal`;
  const what =
    by === 'latency' ? `the fastest, ${ms(selected)}, of ${others}` : `the fewest MACs of ${others}`;
  if (standardError === undefined || selected.metricAfter === best.metricAfter) return what;
  const [own, most] = apart(selected.metricAfter, best.metricAfter);
  return `${what}: its ${own} is less than the standard error, ${points(standardError)}, below the best, ${most}`;
}

/** Says in what an eligible candidate is worse than the selected one. */
function behind(candidate: Candidate, { selected, equal, standardError, by }: Choice): string {
  const [best] = equal;
  if (!equal.includes(candidate)) {
    const [own, most] = apart(candidate.metricAfter, best.metricAfter);
    return standardError === undefined
      ? `its metric, ${own}, is below the ${most} of ${best.id}`
      : `its metric, ${own}, is below the ${most} of ${best.id} by the standard error, ${points(standardError)}, or more`;
  }
  const as = likeness(candidate, selected, standardError);
  if (by === 'MACs')
    return candidate.macs > selected.macs
      ? `${as} it has more MACs than ${selected.id}`
      : `${as} and the same MACs it is not faster than ${selected.id}`;
  if (!isSlower(candidate, selected))
    return candidate.metricAfter < selected.metricAfter
      ? `it is as fast as ${selected.id}, within noise, and its metric is lower`
      : `${as} and speed it has no fewer MACs than ${selected.id}`;
  return `${as} it is slower than ${selected.id}: ${ms(candidate)} against ${ms(selected)}`;
}

const ms = ({ latencyMs = NaN }: Candidate): string => `${latencyMs.toFixed(2)} ms`;

/** Tells if a candidate is slower than the selected one by more than noise. */
const isSlower = (candidate: Candidate, selected: Candidate): boolean =>
  candidate.latencyMs !== undefined &&
  selected.latencyMs !== undefined &&
  !isAsFast({ ...candidate, latencyMs: candidate.latencyMs }, { ...selected, latencyMs: selected.latencyMs });

/** Begins a sentence on two candidates of equal metric: with the figures, if they differ. */
function likeness(
  { metricAfter }: Candidate,
  selected: Candidate,
  standardError: number | undefined,
): string {
  if (metricAfter === selected.metricAfter || standardError === undefined) return 'at the same metric';
  const [own, other] = apart(metricAfter, selected.metricAfter);
  return `at an equal metric (${own} and ${other}, standard error ${points(standardError)})`;
}
