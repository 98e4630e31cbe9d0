import fc from 'fast-check';

import { unitsFor } from '../../../engine/ratios/candidates';
import { type CostOf, type LayerChoices, selectGreedy } from '../../../engine/ratios/greedy';

const layer = (
  name: string,
  scores: [units: number, score: number, error: number][],
  most = 10,
): LayerChoices => ({
  layer: name,
  least: 1,
  most,
  scores: scores.map(([units, score, error]) => ({ units, score, error })),
});
/** Ten MACs a unit; a layer left untouched costs 110. */
const costOf: CostOf = (plan) =>
  plan.reduce<number>((sum, units) => sum + (units === null ? 110 : units * 10), 0);

describe('greedy ratio selection', () => {
  const choices = [
    layer('a', [
      [2, 90, 0.4],
      [5, 97, 0.1],
      [8, 98, 0.05],
    ]),
    layer('b', [
      [2, 96, 0.2],
      [5, 96, 0.2],
      [8, 99, 0.01],
    ]),
  ];

  it('leaves everything as it is where the target allows it', () => {
    expect(selectGreedy(choices, costOf, 220)).toEqual({ plan: [null, null], cost: 220, reached: true });
  });

  it('says so where the target cannot be reached, with the least there is', () => {
    expect(selectGreedy(choices, costOf, 15)).toMatchObject({ plan: [1, 1], cost: 20, reached: false });
  });

  it('lands within one unit of the target from below, whatever the scores', () => {
    const candidates = [1, 3, 5, 7, 9];
    const score = fc.integer({ min: 90, max: 99 });
    const row = fc.tuple(
      fc.array(score, { minLength: 5, maxLength: 5 }),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 2, maxLength: 8 }),
        fc.double({ min: 0.1, max: 0.95, noNaN: true }),
        (rows, target) => {
          const all = rows.map(([scores, errors], i) =>
            layer(
              `l${i}`,
              candidates.map((units, at) => [units, scores[at], errors[at]]),
            ),
          );
          const asked = target * 110 * all.length;
          const { cost, reached } = selectGreedy(all, costOf, asked);
          expect(reached).toBe(true);
          expect(cost).toBeLessThanOrEqual(asked);
          expect(asked - cost).toBeLessThan(10 + 1e-9);
        },
      ),
    );
  });

  it('gives units back where they take most error away', () => {
    const flat = layer('flat', [
      [2, 95, 0.1],
      [8, 95, 0.09],
    ]);
    const steep = layer('steep', [
      [2, 95, 0.9],
      [8, 95, 0.01],
    ]);
    const { plan } = selectGreedy([flat, steep], costOf, 100);
    expect(plan).toEqual([2, 8]);
  });
});

describe('landing where units are coarse', () => {
  /** Costs a unit differ widely; a layer left untouched costs a unit more than its most. */
  const coarse = fc.array(
    fc.record({ unit: fc.integer({ min: 3, max: 40 }), most: fc.integer({ min: 2, max: 6 }) }),
    { minLength: 2, maxLength: 4 },
  );

  it('is within 0.01 of the target, or within that of the nearest plan there is, in nearly all cases', () => {
    let [far, cases] = [0, 0];
    fc.assert(
      fc.property(coarse, fc.double({ min: 0.3, max: 0.95, noNaN: true }), (layers, share) => {
        const all = layers.map(({ most }, i) =>
          layer(
            `l${i}`,
            [
              [1, 90, 0.5],
              [most, 98, 0.1],
            ],
            most,
          ),
        );
        const cost: CostOf = (plan) =>
          plan.reduce<number>((sum, units, i) => sum + (units ?? layers[i].most + 1) * layers[i].unit, 0);
        const whole = cost(all.map(() => null));
        const found = selectGreedy(all, cost, share * whole);
        if (!found.reached) return;
        expect(found.cost).toBeLessThanOrEqual(share * whole);
        cases++;
        if (share * whole - found.cost > 0.01 * whole && best(layers) - found.cost > 0.01 * whole) far++;

        function best([first, ...rest]: typeof layers, spent = 0): number {
          if (!first) return spent <= share * whole ? spent : 0;
          const each = Array.from({ length: first.most + 1 }, (_, i) => spent + (i + 1) * first.unit);
          return Math.max(...each.map((sum) => best(rest, sum)));
        }
      }),
      { numRuns: 300, seed: 7 },
    );
    expect(cases).toBeGreaterThan(200);
    expect(far / cases).toBeLessThan(0.05);
  });
});

describe('unitsFor', () => {
  it.each([
    [0.5, 100, 7, 20, 7],
    [0.01, 100, 7, 20, 1],
    [0.9, 100, 1, 20, 20],
  ])('a ratio of %d of %d MACs at %d a unit, at most %d, is %d', (ratio, cost, perUnit, most, units) => {
    expect(unitsFor(ratio, cost, perUnit, most)).toBe(units);
  });
});
