import { Pace, stepsAhead } from '../../../../engine/training/loop/call-length';

const course = { step: 0, total: 40, stepsPerEpoch: 10, goodEvery: 7, ragged: false };

/** Returns the steps at which the calls of a whole training begin. */
function beginnings(changes: Partial<typeof course>, most: number): number[] {
  const found = [];
  const own = { ...course, ...changes };
  for (let { step } = own; step < own.total; step += stepsAhead({ ...own, step }, most)) found.push(step);
  return found;
}

describe('stepsAhead', () => {
  test('ends calls at epochs, at good states and with training', () => {
    expect(beginnings({}, 100)).toEqual([0, 7, 10, 14, 20, 21, 28, 30, 35]);
    expect(beginnings({ total: 15, stepsPerEpoch: 15 }, 4)).toEqual([0, 4, 7, 11, 14]);
  });

  test('leaves a smaller last batch to a call of its own', () => {
    expect(beginnings({ ragged: true, total: 20, goodEvery: 100 }, 100)).toEqual([0, 9, 10, 19]);
  });

  test('gets back to its course from any step', () => {
    expect(beginnings({ step: 12 }, 100)).toEqual([12, 14, 20, 21, 28, 30, 35]);
  });

  test('gives a single step if no more are allowed', () => {
    expect(beginnings({ total: 4 }, 1)).toEqual([0, 1, 2, 3]);
  });
});

describe('Pace', () => {
  test('gives one step until it knows how long one takes, then as many as fit a second', () => {
    const pace = new Pace(1000);
    expect(pace.most(16)).toBe(1);
    pace.measured(250, 1);
    expect(pace.most(16)).toBe(4);
    pace.measured(400, 4);
    expect(pace.most(16)).toBe(10);
    expect(pace.most(8)).toBe(8);
    pace.measured(5000, 1);
    expect(pace.most(16)).toBe(1);
  });

  test('holds no more than 256 MiB of images', () => {
    const pace = new Pace(2 ** 26, Infinity);
    expect(pace.most(16)).toBe(4);
    expect(new Pace(2 ** 30, Infinity).most(16)).toBe(1);
  });
});
