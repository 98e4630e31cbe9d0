import { EpochRows, stepsPerEpoch } from '../../../../engine/training/batches/batches';
import { epochOrder } from '../../../../engine/training/batches/sample-order';

describe('EpochRows', () => {
  test('visits every row once an epoch, in the order of its seed', () => {
    const rows = new EpochRows(10, 4, 7);
    const epoch = (first: number) => [0, 1, 2].flatMap((step) => [...rows.at(first + step)]);
    expect(stepsPerEpoch(10, 4)).toBe(3);
    expect(epoch(0)).toEqual([...epochOrder(10, 7, 0)]);
    expect(epoch(3)).toEqual([...epochOrder(10, 7, 1)]);
  });

  test('gives the rows of a step whatever was asked for before', () => {
    const forward = new EpochRows(10, 4, 7);
    const steps = Array.from({ length: 9 }, (_, step) => [...forward.at(step)]);
    const back = new EpochRows(10, 4, 7);
    for (const step of [8, 2, 5, 0, 7]) expect([...back.at(step)]).toEqual(steps[step]);
  });
});
