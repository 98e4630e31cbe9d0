import fc from 'fast-check';

import { aimetPlan } from '../../../engine/ratios/aimet';
import { candidateRatios, unitsFor } from '../../../engine/ratios/candidate-ratios';
import { LossCurve } from '../../../engine/ratios/score-curve';
import { Knapsack } from '../../../engine/ratios/knapsack';
import { fitScores, isotonic } from '../../../engine/ratios/monotonic';
import { type CostOf, Grid } from '../../../engine/ratios/plan';
import { layer } from './support';

describe('isotonic regression', () => {
  it('rises, keeps what rises, and is nearer than any constant', () => {
    expect(isotonic([1, 2, 2, 5])).toEqual([1, 2, 2, 5]);
    expect(isotonic([3, 1, 2, 4])).toEqual([2, 2, 2, 4]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 9 }), (values) => {
        const fitted = isotonic(values);
        fitted.slice(1).forEach((value, at) => expect(value).toBeGreaterThanOrEqual(fitted[at]));
        // The means of the whole agree, and so do those of each pool: the residuals are orthogonal to the fit.
        const dot = values.reduce((sum, value, at) => sum + (value - fitted[at]) * fitted[at], 0);
        expect(dot).toBeCloseTo(0, 6);
        expect(fitted.reduce((a, b) => a + b, 0)).toBeCloseTo(
          values.reduce((a, b) => a + b, 0),
          6,
        );
      }),
      { seed: 3 },
    );
  });

  it('makes scores rise with the units', () => {
    const [{ scores }] = fitScores([
      layer('a', [
        [8, 95, 0],
        [2, 97, 0.5],
        [5, 93, 0.1],
      ]),
    ]);
    expect(scores).toEqual([
      { units: 2, score: 95, error: 0.5 },
      { units: 5, score: 95, error: 0.1 },
      { units: 8, score: 95, error: 0 },
    ]);
  });
});

describe('LossCurve', () => {
  const curve = new LossCurve(
    layer(
      'a',
      [
        [2, 0, 0.4],
        [4, 0, 0.1],
        [6, 0, 0.2],
        [8, 0, 0.001],
      ],
      10,
      { full: 12 },
    ),
  );

  it('goes through falling errors, pools rising ones, and is geometric between', () => {
    expect([2, 4, 6, 8].map((units) => curve.at(units))).toEqual([
      0.4, 0.15000000000000002, 0.15000000000000002, 0.001,
    ]);
    expect(curve.at(3)).toBeCloseTo(Math.sqrt(0.4 * 0.15), 9);
    expect(curve.at(1)).toBeCloseTo(Math.sqrt(0.4), 9);
  });

  it('is nothing at full units or untouched, and falls towards that', () => {
    expect([curve.at(12), curve.at(null)]).toEqual([0, 0]);
    expect(curve.at(10)).toBeCloseTo(0.0005, 9);
  });

  it('takes outputs that are not finite as everything lost, and a layer without candidates as unknown', () => {
    expect(new LossCurve(layer('a', [[2, 0, NaN]])).at(2)).toBe(1e6);
    const unknown = new LossCurve(layer('a', []));
    expect(unknown.at(1)).toBeGreaterThan(unknown.at(9));
  });
});

describe('Grid', () => {
  it('counts multiples of the step between least and most', () => {
    const grid = new Grid(layer('a', [], 14, { least: 3, step: 4 }));
    expect([0, 1, 2, 3].map((place) => grid.units(place))).toEqual([4, 8, 12, null]);
    expect([1, 4, 5, 12, 13, null].map((units) => grid.place(units))).toEqual([0, 0, 1, 2, 3, 3]);
  });

  it('leaves a layer with fewer units than the multiple untouched', () => {
    expect(new Grid(layer('a', [], 7, { step: 8 })).untouched).toBe(0);
    expect(() => new Grid(layer('a', [], 7, { step: 0 }))).toThrow(
      /layer a: multiplicity must be a positive integer, not 0/,
    );
  });
});

describe('candidates', () => {
  it.each([
    [0.5, 100, 7, 20, {}, 7],
    [0.01, 100, 7, 20, {}, 1],
    [0.9, 100, 1, 20, {}, 20],
    [0.5, 100, 7, 20, { multiplicity: 4 }, 8],
    [0.5, 100, 7, 20, { multiplicity: 32 }, 20],
    [0.01, 100, 7, 20, { minimum: 3 }, 3],
  ])(
    'a ratio of %d of %d MACs at %d a unit, at most %d, with %j, is %d',
    (ratio, cost, perUnit, most, rounding, units) => {
      expect(unitsFor(ratio, cost, perUnit, most, rounding)).toBe(units);
    },
  );

  it('are 1/N to (N - 1)/N', () => {
    expect(candidateRatios(4)).toEqual([0.25, 0.5, 0.75]);
    expect(candidateRatios()).toHaveLength(9);
    expect(() => candidateRatios(1)).toThrow(/at least 2, not 1/);
  });
});

describe('Knapsack', () => {
  it('is the best of all selections, whatever the budget', () => {
    const option = fc.record({
      cost: fc.integer({ min: 0, max: 30 }),
      error: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const options = fc
      .array(option, { minLength: 1, maxLength: 4 })
      .map((all) => [{ cost: 0, error: 1 }, ...all].sort((a, b) => a.cost - b.cost));
    fc.assert(
      fc.property(
        fc.array(options, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 100 }),
        (layers, budget) => {
          const chosen = new Knapsack(layers, budget, 4096).best(0, budget)!;
          const total = (pick: readonly number[], of: 'cost' | 'error') =>
            pick.reduce((sum, option, at) => sum + layers[at][option][of], 0);
          const all = layers.reduce<number[][]>(
            (picks, each) => picks.flatMap((pick) => each.map((_, i) => [...pick, i])),
            [[]],
          );
          const best = Math.min(
            ...all.filter((pick) => total(pick, 'cost') <= budget).map((pick) => total(pick, 'error')),
          );
          expect(total(chosen, 'cost')).toBeLessThanOrEqual(budget);
          expect(total(chosen, 'error')).toBeCloseTo(best, 9);
        },
      ),
      { numRuns: 60, seed: 9 },
    );
  });

  it('finds nothing if nothing is within the bounds', () => {
    expect(
      new Knapsack(
        [
          [
            { cost: 0, error: 1 },
            { cost: 9, error: 0 },
          ],
        ],
        10,
        64,
      ).best(2, 8),
    ).toBeUndefined();
  });
});

describe('aimetPlan', () => {
  /** Ten MACs a unit; a layer left untouched costs 110. */
  const costOf: CostOf = (plan) =>
    plan.reduce<number>((sum, units) => sum + (units === null ? 110 : units * 10), 0);
  const a = layer('a', [
    [2, 90, 0],
    [5, 97, 0],
    [8, 98, 0],
  ]);
  const b = layer('b', [
    [2, 96, 0],
    [5, 95, 0],
    [8, 99, 0],
  ]);

  it('stays where the scores step, and passes over a candidate below the threshold', () => {
    // Thresholds in (96, 97] give [5, 8] at 130; in (95, 96] b stops above its 5 units, which score 95: the same.
    expect(aimetPlan([a, b], costOf, 130)).toEqual([5, 8]);
    expect(aimetPlan([a, b], costOf, 125)).toEqual([5, 2]);
    // Lower still, every layer is at its least candidate but for the one whose score the search ends on exactly.
    expect(aimetPlan([a, b], costOf, 1)).toEqual([null, 2]);
  });
});
