import type { Retry } from './state';
import { ratesAt } from '../optimizers/schedule';
import type { ScheduleSettings } from '../settings';

/** Course of a training, step by step. */
export interface Curve {
  readonly losses: readonly number[];
  /** The learning rate of each step. */
  readonly learningRates: readonly number[];
}

/**
 * Computes the curve of a training of `total` steps.
 * @param losses of the steps done
 * @param retries in order
 */
export function curveOf(
  losses: readonly number[],
  total: number,
  settings: ScheduleSettings,
  retries: readonly Retry[],
): Curve {
  const learningRates = losses.map((_, step) => {
    const learningRate = retries.findLast(({ backTo }) => backTo <= step)?.to ?? settings.learningRate;
    return ratesAt(step, total, { ...settings, learningRate }).learningRate;
  });
  return { losses, learningRates };
}
