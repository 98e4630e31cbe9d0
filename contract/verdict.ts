/**
 * Verdict on a candidate: its state, by whom (if a person decided), and why. Code reads these fields;
 * `decisionText` makes the sentence for people, and nothing reads that back.
 */
export type Verdict =
  /** Step 3: it goes on to channel pruning. */
  | { readonly state: 'picked'; readonly by?: string }
  /** Step 5: it is the result. */
  | { readonly state: 'selected'; readonly by?: string; readonly among?: AmongEquals }
  /** Step 5: it meets the requirement, but is not the result. */
  | { readonly state: 'eligible' }
  /** Step 5: it misses the requirement by `why`. */
  | { readonly state: 'rejected'; readonly why: string }
  /** Step 5: it is not the result; results written before they had verdicts do not say whether it was eligible. */
  | { readonly state: 'not selected' }
  /** A person left it out. Of a result written before results had verdicts, `why` is the whole sentence. */
  | { readonly state: 'skipped'; readonly by?: string; readonly why?: string }
  /** It was still being made when a person finished the run early. */
  | { readonly state: 'unfinished'; readonly by: string }
  /** It was still being made when the run was cancelled. */
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly why: string };

/** Step 5's choice among models whose metrics count as equal. */
export interface AmongEquals {
  /** Ids of these models, that with the best metric first. */
  readonly equal: readonly string[];
  /** Standard error of the best metric, in points; left out if it is unknown, so that only the same metric is equal. */
  readonly standardError?: number;
  /** The figure that decided; `metric` if none of them is faster beyond noise. */
  readonly by: 'latency' | 'metric' | 'MACs';
}

/** Verdicts that leave a candidate out of everything that follows. */
export type LeftOut = Extract<Verdict, { state: 'skipped' | 'unfinished' | 'cancelled' }>;

/** A candidate's verdicts, in the order of the steps, as one sentence: `picked; too far from C`. */
export const decisionText = (verdicts: readonly Verdict[]): string => verdicts.map(clause).join('; ');

function clause(verdict: Verdict): string {
  switch (verdict.state) {
    case 'picked':
    case 'selected':
      return verdict.by === undefined ? verdict.state : `${verdict.state} by ${verdict.by}`;
    case 'rejected':
      return verdict.why;
    case 'skipped':
      return [verdict.by !== undefined && `skipped by ${verdict.by}`, verdict.why].filter(Boolean).join(': ');
    case 'unfinished':
      return `not done when the run was finished early by ${verdict.by}`;
    case 'cancelled':
      return 'cancelled with the run';
    case 'failed':
      return `failed: ${verdict.why}`;
    default:
      return verdict.state;
  }
}

/** Why a step of the guidebook kept or dropped a candidate. */
export interface StepVerdict {
  readonly id: string;
  /** Picked (step 3), or selected (step 5). */
  readonly kept: boolean;
  /** A clause that gives the figures it was decided by. */
  readonly why: string;
}

/** A number of points in words, as precise as figures are shown, or finer if that would make it 0. */
export function points(value: number): string {
  const rounded = value.toFixed(2);
  const shown =
    Number(rounded) === 0 && value !== 0 ? String(Number(value.toPrecision(2))) : String(Number(rounded));
  return `${shown} point${Math.abs(Number(shown)) === 1 ? '' : 's'}`;
}

/** Describes a change of the metric, in a clause: `loses 0.2 points`, `gains 0.1 points`, `loses nothing`. */
export const lossText = (drop: number): string =>
  drop === 0 ? 'loses nothing' : drop > 0 ? `loses ${points(drop)}` : `gains ${points(-drop)}`;

/** A number of things in words. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Two different numbers with as few decimals, at least two, as show that they differ. */
export function apart(a: number, b: number): [string, string] {
  for (let decimals = 2; ; decimals++) {
    const shown: [string, string] = [a.toFixed(decimals), b.toFixed(decimals)];
    if (shown[0] !== shown[1] || decimals === 9) return shown;
  }
}
