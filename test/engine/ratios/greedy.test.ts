import fc from 'fast-check';

import { tolerance } from '../../../engine/ratios/plan';
import { selectRatios } from '../../../engine/ratios/select-ratios';
import { layer, tenAUnit } from './support';

it('greedy selection lands within one unit below the target or 0.01 above it, whatever the scores', () => {
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
        const { cost, reached } = selectRatios(all, tenAUnit, asked, { select: 'greedy' });
        expect(reached).toBe(true);
        expect(cost).toBeLessThanOrEqual(asked + tolerance * 110 * all.length);
        expect(asked - cost).toBeLessThan(10 + 1e-9);
      },
    ),
  );
});
