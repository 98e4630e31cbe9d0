import { trainingOf } from '../../../../report/html/data/training';
import { sourcesOf } from '../../../support/report-sources';

it('the learning rate follows the schedule, and changes at the state that training returned to', () => {
  const { rows } = trainingOf(sourcesOf({ candidates: 3, layers: 0 }))!;
  // 400 steps of a constant rate in 4 epochs; the third candidate returned to step 100.
  expect(new Set(rows[0].rates.map(({ rate }) => rate))).toEqual(new Set([0.001]));
  const [before, after] = [true, false].map((isEarly) =>
    rows[2].rates.filter(({ epoch }) => epoch <= 1 === isEarly).map(({ rate }) => rate),
  );
  expect([new Set(before), new Set(after)]).toEqual([new Set([0.001]), new Set([0.0005])]);
});

it('of a training that has not ended, the schedule goes over all of its steps', () => {
  const { record, ...sources } = sourcesOf({ candidates: 1, layers: 0 });
  const [{ settings, outcome, ...one }] = record!.trainings;
  const trainings = [
    {
      ...one,
      settings: { ...settings, schedule: 'cosine', momentum: 0.9 } as const,
      outcome: { ...outcome, steps: 200 },
      epochsDone: 2,
    },
  ];
  const [{ rates }] = trainingOf({ ...sources, record: { ...record!, trainings } })!.rows;
  expect(rates.at(-1)!.epoch).toBe(2);
  // Half a cosine is at a half in the middle.
  expect(rates.at(-1)!.rate).toBeCloseTo(0.0005, 5);
});
