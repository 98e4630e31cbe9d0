const window = 20;
/** Fewest losses at each end of a run that mean something. */
const fewest = 5;
/** Returns the loss that training began with. */
const begun = (losses: readonly number[]) => mean(losses.slice(0, fewest));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** Reference values for judging losses. */
export interface Scale {
  /** The loss of guessing: ln(classes) for cross-entropy, 0 if it depends on the data. */
  readonly chance?: number;
}

/**
 * Says why a run of losses has diverged, if it has: the last is not finite; or the last twenty are on average as bad as
 * guessing, and twice the first five; or training has ended with the loss above both its start and half the loss of
 * guessing (over twenty losses, or half of a shorter run). The last rule also detects a network whose units have all
 * died, so that it no longer moves at all.
 * @param over true if training has ended
 * @returns what diverged, as the end of a sentence
 */
export function divergence(
  losses: readonly number[],
  { chance = 0 }: Scale,
  over: boolean,
): string | undefined {
  const last = losses.at(-1) ?? 0;
  if (!Number.isFinite(last)) return `the loss became ${last}`;
  const size = Math.min(window, losses.length >> 1);
  if (size < (over ? fewest : window)) return undefined;
  const [first, recent] = [begun(losses), mean(losses.slice(-size))];
  const told = `from ${first.toFixed(3)} to ${recent.toFixed(3)}`;
  if (size === window && recent > Math.max(0.95 * chance, 2 * first)) return `the loss rose ${told}`;
  if (over && recent > Math.max(0.5 * chance, 1.1 * first))
    return `the loss ended higher than it began, ${told}`;
  return undefined;
}

/**
 * Tells if a state is worth going back to, by the losses that led to it: finite, neither far above where they began nor
 * where training could not be left to end, and not rising against their own trend. They rise if the mean of the last
 * twenty is more than two standard errors above that of the twenty before (of halves, if there are fewer than forty).
 */
export function steady(losses: readonly number[], scale: Scale): boolean {
  if (divergence(losses, scale, true)) return false;
  const size = Math.min(window, losses.length >> 1);
  if (!size) return true;
  const [before, recent] = [losses.slice(-2 * size, losses.length - size), losses.slice(-size)];
  if (![...before, ...recent].every(Number.isFinite)) return false;
  // The very first loss is the given model's own: at a wild rate later ones say nothing about where training began.
  if (mean(recent) > Math.max(0.5 * (scale.chance ?? 0), 2 * Math.min(losses[0], begun(losses))))
    return false;
  const error = size > 1 ? Math.sqrt((variance(before) + variance(recent)) / size) : Infinity;
  return mean(recent) - mean(before) <= 2 * error;
}

/** Computes the unbiased variance. */
function variance(values: readonly number[]): number {
  const center = mean(values);
  return values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1);
}

/** Tells if every element is finite. */
export function finite(vector: Float32Array): boolean {
  for (let at = 0; at < vector.length; at++) if (!Number.isFinite(vector[at])) return false;
  return true;
}

/**
 * Returns the number of steps between two states to go back to: a twentieth of the run or an epoch, whichever is
 * shorter.
 */
export const goodEvery = (total: number, stepsPerEpoch: number): number =>
  Math.max(1, Math.min(Math.ceil(total / 20), stepsPerEpoch));
