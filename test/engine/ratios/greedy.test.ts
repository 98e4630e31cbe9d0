import fc from 'fast-check';

import type { CostOf, LayerChoices } from '../../../engine/ratios/plan';
import { selectRatios } from '../../../engine/ratios/select';
import { layer } from './support';

const selectGreedy = (choices: readonly LayerChoices[], costOf: CostOf, target: number) =>
  selectRatios(choices, costOf, target, { select: 'greedy' });

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
