import { milliseconds } from '../../../workflows/rules/duration';

describe('a duration', () => {
  it.each([
    ['1s', 1000],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['3d', 259_200_000],
    ['2w', 1_209_600_000],
  ] as const)('of %s has %d ms', (duration, ms) => expect(milliseconds(duration)).toBe(ms));
});
