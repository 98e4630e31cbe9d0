import { ratesAt } from '../../../../engine/training/optimizers/schedule';
import type { ScheduleSettings } from '../../../../engine/training/settings';
import { goldenJson } from '../support';

interface Golden {
  total: number;
  peak: number;
  rates: [number, number][];
}

interface Scheduler {
  total: number;
  settings: Pick<ScheduleSettings, 'schedule' | 'warmUp' | 'milestones' | 'gamma' | 'floor'>;
  rates: number[];
}

describe('ratesAt', () => {
  test.each(
    (goldenJson('schedules.json') as Scheduler[]).map(
      (golden) => [JSON.stringify(golden.settings), golden.total, golden] as const,
    ),
  )('%s over %i steps equals PyTorch', (_, total, { settings, rates }) => {
    rates.forEach((learningRate, step) => {
      const got = ratesAt(step, total, { ...settings, learningRate: 0.02, momentum: 0.9 });
      expect(got.learningRate).toBeCloseTo(learningRate, 12);
      expect(got.momentum).toBe(0.9);
    });
  });

  test.each((goldenJson('schedule.json') as Golden[]).map((golden) => [golden.total, golden] as const))(
    'one cycle of %i steps equals OneCycleLR',
    (total, { peak, rates }) => {
      rates.forEach(([learningRate, momentum], step) => {
        const got = ratesAt(step, total, { schedule: 'one-cycle', learningRate: peak, momentum: 0.9 });
        expect(got.learningRate).toBeCloseTo(learningRate, 12);
        expect(got.momentum).toBeCloseTo(momentum, 12);
      });
    },
  );

  test('constant stays', () => {
    const settings = { schedule: 'constant' as const, learningRate: 0.1, momentum: 0.9 };
    expect(ratesAt(5, 10, settings)).toEqual({ learningRate: 0.1, momentum: 0.9 });
  });

  test('momentum never leaves [0, 1]', () => {
    for (const momentum of [0, 0.02, 0.99]) {
      const settings = { schedule: 'one-cycle' as const, learningRate: 0.1, momentum };
      for (let step = 0; step < 10; step++) {
        const { momentum: now } = ratesAt(step, 10, settings);
        expect(now).toBeGreaterThanOrEqual(0);
        expect(now).toBeLessThanOrEqual(1);
      }
    }
  });
});
