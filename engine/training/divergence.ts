const patience = 20;
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Whether a run of losses has diverged: the last is not finite; or the last twenty are on average as bad as guessing,
 * ln(classes), and twice the first twenty; or training is over and left the loss above both where it began and half of
 * what guessing gives. The last also tells a network whose units have all died, which no longer moves at all.
 * @param over whether training is over.
 */
export function divergence(losses: readonly number[], classes: number, over: boolean): boolean {
  if (!losses.length) return false;
  if (!Number.isFinite(losses[losses.length - 1])) return true;
  if (losses.length <= 2 * patience) return false;
  const first = mean(losses.slice(0, patience));
  const recent = mean(losses.slice(-patience));
  const chance = Math.log(classes);
  return (
    recent > Math.max(0.95 * chance, 2 * first) || (over && recent > Math.max(0.5 * chance, 1.1 * first))
  );
}
