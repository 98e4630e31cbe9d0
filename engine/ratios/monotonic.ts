import type { LayerChoices } from './plan';

/**
 * Fits the nearest non-decreasing sequence to `values` by least squares: isotonic regression by pooling adjacent
 * violators (Ayer et al. 1955, "An Empirical Distribution Function for Sampling with Incomplete Information").
 */
export function isotonic(values: readonly number[]): number[] {
  const pools: { mean: number; size: number }[] = [];
  for (const value of values) {
    let pool = { mean: value, size: 1 };
    for (let last = pools.at(-1); last && last.mean >= pool.mean; last = pools.at(-1)) {
      const size = last.size + pool.size;
      pool = { mean: (last.mean * last.size + pool.mean * pool.size) / size, size };
      pools.pop();
    }
    pools.push(pool);
  }
  return pools.flatMap(({ mean, size }) => Array<number>(size).fill(mean));
}

/**
 * Makes each layer's scores rise with its units (AIMET's `use_monotonic_fit`). AIMET fits a polynomial of degree 7
 * whose slope is nowhere negative; this is the least-squares fit among all rising sequences, so it is no farther from
 * the scores.
 */
export const fitScores = (choices: readonly LayerChoices[]): LayerChoices[] =>
  choices.map((choice) => {
    const sorted = [...choice.scores].sort((a, b) => a.units - b.units);
    const fitted = isotonic(sorted.map(({ score }) => score));
    return { ...choice, scores: sorted.map((candidate, at) => ({ ...candidate, score: fitted[at] })) };
  });
