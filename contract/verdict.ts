/** What a step of the guidebook decided about a candidate. */
export interface Verdict {
  readonly id: string;
  /** Picked (step 3), or selected (step 5). */
  readonly kept: boolean;
  /** A clause that gives the figures it was decided by. */
  readonly why: string;
}

/** A number of points in words, as precise as figures are shown, finer where that would make it 0. */
export function points(value: number): string {
  const rounded = value.toFixed(2);
  const shown =
    Number(rounded) === 0 && value !== 0 ? String(Number(value.toPrecision(2))) : String(Number(rounded));
  return `${shown} point${Math.abs(Number(shown)) === 1 ? '' : 's'}`;
}

/** A number of things in words. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Two different numbers with as few decimals, at least two, as show that they differ. */
export function apart(a: number, b: number): [string, string] {
  for (let decimals = 2; ; decimals++) {
    const shown: [string, string] = [a.toFixed(decimals), b.toFixed(decimals)];
    if (shown[0] !== shown[1] || decimals === 9) return shown;
  }
}
