/** Two ratios closer than this are one. */
export const same = 1e-9;

/** Ascending, without those that another stands for. */
export const distinct = (ratios: readonly number[]): number[] =>
  [...ratios].sort((a, b) => a - b).filter((value, i, all) => i === 0 || value - all[i - 1] > same);

/**
 * Step 2a: the spatial-SVD targets for a target C, { C, C + 0.3·(1−C), C + 0.5·(1−C) } rounded to 0.01, each in [C, 1).
 * C itself is not rounded.
 */
export function defaultTargets(target: number): number[] {
  const above = [0.3, 0.5].map((share) => Math.round(100 * (target + share * (1 - target))) / 100);
  return distinct([target, ...above.filter((value) => value > target && value < 1)]);
}

/**
 * Step 4a: channel-pruning targets for a model of MAC ratio c(p) relative to the original, around base = C / c(p), so
 * that c(p) · Ccp ≈ C. Clipped to (0, 1]; a target of 1 asks for nothing and is left out.
 */
export function pruningTargets(
  target: number,
  ratioToOriginal: number,
  factors: readonly number[],
): number[] {
  const base = target / ratioToOriginal;
  const clipped = factors.map((factor) => Math.min(1, base * factor));
  return distinct(clipped.map((value) => Number(value.toFixed(4)))).filter((value) => value > 0 && value < 1);
}

/** Step 4a: a model with base = C / c(p) ≥ 0.98 is at C already, and goes to step 5 unpruned as well. */
export const isAtTarget = (target: number, ratioToOriginal: number): boolean =>
  target / ratioToOriginal >= 0.98;

/**
 * One technique alone has to reach C by itself: its targets lie around C as those of channel pruning lie around its
 * base, the original being the model of ratio 1.
 */
export const aloneTargets = (target: number, factors: readonly number[]): number[] =>
  pruningTargets(target, 1, factors);

/** The fewest decimals, two at least and nine at most, with which names do what they should. */
function decimalsUntil(enough: (decimals: number) => boolean): number {
  let decimals = 2;
  while (decimals < 9 && !enough(decimals)) decimals++;
  return decimals;
}

/** Names of targets, with as few decimals (at least two) as tell them apart. */
export function targetNames(prefix: string, targets: readonly number[]): string[] {
  const named = (decimals: number) => targets.map((target) => `${prefix}-${target.toFixed(decimals)}`);
  return named(decimalsUntil((decimals) => new Set(named(decimals)).size === targets.length));
}

/** The name of one more target, with as few decimals (at least two) as tell it from the names that are taken. */
export function freshName(prefix: string, target: number, taken: readonly string[]): string {
  const named = (decimals: number) => `${prefix}-${target.toFixed(decimals)}`;
  return named(decimalsUntil((decimals) => !taken.includes(named(decimals))));
}
