import type { ScheduleName, ScheduleSettings } from '../settings';

/** Learning rate and momentum of a step. */
export interface Rates {
  readonly learningRate: number;
  readonly momentum: number;
}

const riseOfCycle = 0.3;
const initialDivisor = 25;
const finalDivisor = 1e4;
const momentumSwing = 0.05;

/** Interpolates from `start` to `end` along half a cosine. */
const anneal = (start: number, end: number, part: number): number =>
  end + ((start - end) / 2) * (1 + Math.cos(Math.PI * part));

type Schedule = (step: number, total: number, settings: ScheduleSettings) => Rates;

const schedules: Readonly<Record<ScheduleName, Schedule>> = {
  constant: (_step, _total, { learningRate, momentum }) => ({ learningRate, momentum }),

  /** torch.optim.lr_scheduler.MultiStepLR, its milestones as shares of the steps. */
  step: (step, total, { learningRate, momentum, milestones = [0.5, 0.75], gamma = 0.1 }) => {
    const passed = milestones.filter((share) => step >= Math.round(share * total)).length;
    return { learningRate: learningRate * gamma ** passed, momentum };
  },

  /** Half a cosine (Loshchilov and Hutter, 2017), as torch.optim.lr_scheduler.CosineAnnealingLR with T_max = total. */
  cosine: (step, total, { learningRate, momentum, floor = 0 }) => ({
    learningRate: anneal(learningRate, floor * learningRate, step / total),
    momentum,
  }),

  /**
   * One cycle (Smith and Topin, 2018) as torch.optim.lr_scheduler.OneCycleLR with its defaults: up from a 25th of the
   * peak in the first 30 % of the steps, then down to a 10,000th of that, both along a cosine; momentum goes the other
   * way, 0.05 to either side of `momentum` (0.95 to 0.85 for the usual 0.9).
   */
  'one-cycle': (step, total, { learningRate, momentum }) => {
    const low = learningRate / initialDivisor;
    // A momentum of zero means plain gradient descent, which has nothing to cycle.
    const swing = momentum ? Math.min(momentumSwing, 1 - momentum, momentum) : 0;
    const top = riseOfCycle * total - 1;
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
  },
};

/**
 * Returns the rates of step `step` (from 0) of `total`: a pure function, so that resumed training needs only its step.
 * Warm-up is torch.optim.lr_scheduler.LinearLR with start_factor = 1/(w + 1) over the first w steps; the schedule has
 * the remaining ones.
 */
export function ratesAt(step: number, total: number, settings: ScheduleSettings): Rates {
  const { schedule, learningRate, momentum, warmUp = 0 } = settings;
  const rising = Math.round(warmUp * total);
  if (step < rising) return { learningRate: (learningRate * (step + 1)) / (rising + 1), momentum };
  return schedules[schedule](step - rising, total - rising, settings);
}
