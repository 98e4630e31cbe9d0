import fc from 'fast-check';

import {
  aloneTargets,
  defaultTargets,
  freshName,
  isAtTarget,
  pruningTargets,
  targetNames,
} from '../../../workflows/rules/targets';

const share = fc.double({ min: 0.01, max: 0.99, noNaN: true });

describe('step 2a, spatial-SVD targets', () => {
  it('are those of the source for C = 0.5', () => {
    expect(defaultTargets(0.5)).toEqual([0.5, 0.65, 0.75]);
  });

  it.each([
    [0.25, [0.25, 0.48, 0.63]],
    [0.333, [0.333, 0.53, 0.67]],
    [0.99, [0.99]],
  ])('for C = %d are %j', (target, expected) => expect(defaultTargets(target)).toEqual(expected));

  it('are in [C, 1), ascending, C first', () => {
    fc.assert(
      fc.property(share, (target) => {
        const targets = defaultTargets(target);
        expect(targets[0]).toBeCloseTo(target, 6);
        expect(targets.every((t, i) => t >= target && t < 1 && (i === 0 || t > targets[i - 1]))).toBe(true);
      }),
    );
  });
});

describe('step 4a, channel-pruning targets', () => {
  it("lie around C / c(p): the source's Cssvd 0.75 leads to Ccp 0.66 for C = 0.5", () => {
    const [below, base, above] = pruningTargets(0.5, 0.75, [0.95, 1, 1.05]);
    expect(Math.floor(base * 100) / 100).toBe(0.66);
    expect(base * 0.75).toBeCloseTo(0.5, 3);
    expect([below / base, above / base]).toEqual([expect.closeTo(0.95, 3), expect.closeTo(1.05, 3)]);
  });

  it('are clipped to 1, and 1 asks for nothing', () => {
    expect(pruningTargets(0.5, 0.51, [0.95, 1, 1.05])).toEqual([0.9314, 0.9804]);
    expect(pruningTargets(0.5, 0.45, [0.95, 1, 1.05])).toEqual([]);
  });

  it('are in (0, 1) for any model', () => {
    fc.assert(
      fc.property(share, share, (target, achieved) =>
        pruningTargets(target, achieved, [0.95, 1, 1.05]).every((t) => t > 0 && t < 1),
      ),
    );
  });

  it('a base of 0.98 or more means that the model is at C', () => {
    expect([0.51, 0.5102, 0.52, 0.4].map((achieved) => isAtTarget(0.5, achieved))).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('of one technique alone lie around C', () => {
    expect(aloneTargets(0.5, [0.95, 1, 1.05])).toEqual([0.475, 0.5, 0.525]);
  });
});

describe('names of targets', () => {
  it('have as many decimals as tell them apart', () => {
    expect(targetNames('ssvd', [0.5, 0.65])).toEqual(['ssvd-0.50', 'ssvd-0.65']);
    expect(targetNames('cp', [0.095, 0.1, 0.105])).toEqual(['cp-0.095', 'cp-0.100', 'cp-0.105']);
  });

  it('of one more target are none of those taken', () => {
    expect(freshName('ssvd', 0.7, ['ssvd-0.65'])).toBe('ssvd-0.70');
    expect(freshName('ssvd', 0.651, ['ssvd-0.65'])).toBe('ssvd-0.651');
    expect(freshName('ssvd', 0.651, ['ssvd-0.65', 'ssvd-0.651'])).toBe('ssvd-0.6510');
  });
});
