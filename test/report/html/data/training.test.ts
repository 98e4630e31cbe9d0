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
