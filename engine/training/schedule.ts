/** What the optimizer is given at a step. */
export interface Rates {
  readonly learningRate: number;
  readonly momentum: number;
}

export interface ScheduleSettings {
  readonly schedule: 'one-cycle' | 'constant';
  /** The constant rate, or the peak of the cycle. */
  readonly learningRate: number;
  readonly momentum: number;
}

const warmUp = 0.3;
const initialDivisor = 25;
const finalDivisor = 1e4;
const momentumSwing = 0.05;

/** From `start` to `end` along half a cosine. */
const anneal = (start: number, end: number, part: number): number =>
  end + ((start - end) / 2) * (1 + Math.cos(Math.PI * part));

/**
 * The rates of step `step` of `total`. One cycle (Smith and Topin, 2018) is that of torch.optim.lr_scheduler.OneCycleLR
 * with its defaults: up from a 25th of the peak in the first 30 % of the steps, then down to a 10,000th of that, both
 * along a cosine; momentum goes the other way, 0.05 to either side of `momentum` (0.95 to 0.85 for the usual 0.9).
 */
export function ratesAt(
  step: number,
  total: number,
  { schedule, learningRate, momentum }: ScheduleSettings,
): Rates {
  if (schedule === 'constant') return { learningRate, momentum };
  const low = learningRate / initialDivisor;
  // A momentum of zero means plain gradient descent, which has nothing to cycle.
  const swing = momentum ? Math.min(momentumSwing, 1 - momentum, momentum) : 0;
  const top = warmUp * total - 1;
  const last = total - 1;
  if (step <= top) {
    const part = top ? step / top : 1;
    return {
      learningRate: anneal(low, learningRate, part),
      momentum: anneal(momentum + swing, momentum - swing, part),
    };
  }
  const part = (step - top) / (last - top);
  return {
    learningRate: anneal(learningRate, low / finalDivisor, part),
    momentum: anneal(momentum - swing, momentum + swing, part),
  };
}
