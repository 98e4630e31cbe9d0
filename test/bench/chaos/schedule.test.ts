import { faultNames, schedule, type ScheduleOptions } from '../../../bench/chaos/schedule';

const options: ScheduleOptions = {
  seed: 1,
  faults: 50,
  pause: [1, 8],
  outages: { 'fill-store': [3, 10] },
  overlapping: 0.2,
};

describe('the schedule of faults', () => {
  it('is the same for the same seed, another for another', () => {
    expect(schedule(options)).toEqual(schedule(options));
    expect(schedule({ ...options, seed: 2 })).not.toEqual(schedule(options));
  });

  it('has every kind as often as any other, give or take one', () => {
    const planned = schedule(options);
    expect(planned).toHaveLength(50);
    const counts = faultNames.map((name) => planned.filter(({ fault }) => fault === name).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBe(1);
  });

  it('keeps within the spans, and some faults overlap', () => {
    const planned = schedule(options);
    for (const { fault, pause, outage, draw } of planned) {
      expect(pause).toBeGreaterThanOrEqual(1);
      expect(pause).toBeLessThan(8);
      if (fault === 'fill-store') expect(outage).toBeGreaterThanOrEqual(3);
      else expect(outage).toBe(0);
      expect(draw).toBeLessThan(1);
    }
    const overlapping = planned.filter(({ overlaps }) => overlaps).length;
    expect(overlapping).toBeGreaterThan(0);
    expect(overlapping).toBeLessThan(25);
  });

  it('draws from the kinds asked for alone', () => {
    const planned = schedule({ ...options, faults: 5, kinds: ['kill-worker', 'kill-server'] });
    expect(new Set(planned.map(({ fault }) => fault))).toEqual(new Set(['kill-worker', 'kill-server']));
  });
});
