import { capacity } from '../../workers/capacity';

describe('capacity', () => {
  it.each([
    [1, { slots: 1, threads: 1 }],
    [2, { slots: 2, threads: 1 }],
    [4, { slots: 4, threads: 1 }],
    [8, { slots: 4, threads: 2 }],
    [10, { slots: 4, threads: 2 }],
  ])('of %d cores', (cores, shares) => expect(capacity({}, cores)).toEqual(shares));

  it('keeps to what the user says', () => {
    expect(capacity({ slots: 2 }, 8)).toEqual({ slots: 2, threads: 4 });
    expect(capacity({ slots: 3, threads: 5 }, 8)).toEqual({ slots: 3, threads: 5 });
  });
});
