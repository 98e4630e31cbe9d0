import fc from 'fast-check';

import { type CostOf, tolerance } from '../../../engine/ratios/plan';
import { Problem } from '../../../engine/ratios/problem';
import { type BlockedChoices, selectByBlocks } from '../../../engine/ratios/select-by-blocks';
import { selectRatios } from '../../../engine/ratios/select-ratios';

const settings = { select: 'optimal' } as const;

/** A layer of `full` channels whose error falls geometrically; it may hold several channels a unit. */
const layer = (
  name: string,
  full: number,
  scale = 1,
  more: Partial<BlockedChoices> = {},
): BlockedChoices => ({
  layer: name,
  least: 1,
  most: full - 1,
  full,
  scores: [0.1, 0.3, 0.5, 0.7, 0.9].map((share) => ({
    units: Math.max(1, Math.floor(share * full)),
    score: 90,
    error: scale * 0.1 * 10 ** (-3 * share),
  })),
  ...more,
});

/** Costs 100 for each unit that is left. */
const byUnit =
  (choices: readonly BlockedChoices[]): CostOf =>
  (plan) =>
    plan.reduce<number>((sum, units, at) => sum + 100 * (units ?? choices[at].full!), 0);

const select = (choices: readonly BlockedChoices[], share: number, block: number) => {
  const costOf = byUnit(choices);
  const whole = costOf(choices.map(() => null));
  return { ...selectByBlocks(choices, costOf, share * whole, settings, block), whole };
};

const model = fc.array(
  fc.record({
    full: fc.constantFrom(8, 16, 24, 32, 64, 96, 128),
    scale: fc.double({ min: 0.1, max: 10, noNaN: true }),
  }),
  { minLength: 2, maxLength: 12 },
);
const share = fc.double({ min: 0.1, max: 0.95, noNaN: true });

describe('selectByBlocks', () => {
  it('takes whole blocks if they meet the target', () => {
    const choices = [64, 128, 128, 256].map((full, at) => layer(`l${at}`, full));
    const { plan, cost, whole, multiplicity } = select(choices, 0.5, 16);
    expect(multiplicity).toBe(16);
    expect(plan.every((units) => units === null || units % 16 === 0)).toBe(true);
    expect(Math.abs(cost / whole - 0.5)).toBeLessThanOrEqual(tolerance);
  });

  it('comes as near as single units do, and loses at most four times as much', () => {
    fc.assert(
      fc.property(model, share, fc.constantFrom(4, 8, 16), (layers, asked, block) => {
        const choices = layers.map(({ full, scale }, at) => layer(`l${at}`, full, scale));
        const costOf = byUnit(choices);
        const { plan, cost, reached, whole } = select(choices, asked, block);
        const fine = selectRatios(choices, costOf, asked * whole, settings);
        const problem = new Problem(choices, costOf, asked * whole);
        expect(cost).toBe(costOf(plan));
        expect(reached).toBe(fine.reached);
        const isNear = (value: number) => Math.abs(value - asked * whole) <= tolerance * whole;
        expect(isNear(cost)).toBe(isNear(fine.cost));
        expect(problem.error(plan)).toBeLessThanOrEqual(4 * problem.error(fine.plan) + 1e-12);
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it('leaves the blocks in as few layers as the target needs', () => {
    // Blocks of 16 in four layers of 64 give multiples of 1/16 of the cost: 0.53 lies between two of them.
    const choices = [0, 1, 2, 3].map((at) => layer(`l${at}`, 64, 1 + at));
    const { plan, cost, whole, multiplicity } = select(choices, 0.53, 16);
    expect(multiplicity).toBe(16);
    expect(Math.abs(cost / whole - 0.53)).toBeLessThanOrEqual(tolerance);
    expect(plan.filter((units) => units !== null && units % 16 !== 0)).toHaveLength(1);
  });

  it('counts the channels of a unit, not the units', () => {
    const choices = [layer('grouped', 32, 1, { width: 4 }), layer('plain', 64, 1)];
    const { plan } = select(choices, 0.5, 16);
    expect(plan[0]! % 4).toBe(0);
    expect(plan[1]! % 16).toBe(0);
  });

  it('splits no layer in more blocks than are sure to be faster', () => {
    const choices = [layer('a', 64, 5, { mostInBlocks: 40 }), layer('b', 64, 1, { mostInBlocks: 40 })];
    for (const asked of [0.5, 0.75, 0.8]) {
      const { plan, multiplicity } = select(choices, asked, 16);
      expect(multiplicity).toBe(16);
      expect(plan.every((units) => units === null || units <= 32 || units % 16 !== 0)).toBe(true);
    }
  });

  it('with blocks of one channel chooses as ever', () => {
    const choices = [64, 32, 16].map((full, at) => layer(`l${at}`, full));
    const costOf = byUnit(choices);
    expect(selectByBlocks(choices, costOf, 5000, settings, 1)).toEqual({
      ...selectRatios(choices, costOf, 5000, settings),
      multiplicity: 1,
    });
  });
});
