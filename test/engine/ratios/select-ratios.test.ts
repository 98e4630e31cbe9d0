import fc from 'fast-check';

import { closeness, type CostOf, tolerance } from '../../../engine/ratios/plan';
import { Problem } from '../../../engine/ratios/problem';
import { type SelectionSettings, selectRatios } from '../../../engine/ratios/select-ratios';
import { shortfallText } from '../../../engine/ratios/shortfall';
import { allPlans, layer, small, tenAUnit } from './support';

const modes: [string, SelectionSettings][] = [
  ['greedy', { select: 'greedy' }],
  ['greedy with monotonic scores', { select: 'greedy', monotonic: true }],
  ['tar', { select: 'tar' }],
  ['optimal', { select: 'optimal' }],
];
const share = fc.double({ min: 0.05, max: 1.05, noNaN: true });

describe.each(['additive', 'coupled'] as const)('selectRatios, %s costs', (kind) => {
  it.each(modes)(
    '%s lands within 0.01 wherever a plan does, else on the nearest, and says why',
    (_, settings) => {
      fc.assert(
        fc.property(small(kind), share, ({ choices, costOf, whole }, asked) => {
          const target = asked * whole;
          const { plan, cost, reached, shortfall } = selectRatios(choices, costOf, target, settings);
          const plans = allPlans(choices);
          expect(plans).toContainEqual(plan);
          expect(cost).toBe(costOf(plan));
          const costs = plans.map(costOf);
          const below = costs.filter((each) => each <= target);
          const room = tolerance * whole;
          expect(reached).toBe(costs.some((each) => each <= target + room));
          if (!reached) {
            expect(cost).toBe(Math.min(...costs));
            expect(shortfall).toMatchObject({ reason: 'floor', nearest: cost / whole });
            return;
          }
          const asNear = (each: number) => Math.abs(each - Math.min(target, whole)) <= room;
          if (below.some(asNear)) expect(cost).toBeLessThanOrEqual(target);
          expect(asNear(cost)).toBe(costs.some(asNear));
          if (!asNear(cost)) expect(cost).toBe(Math.max(...below));
          if (target < whole) expect(shortfall?.reason).toBe(asNear(cost) ? undefined : 'units');
        }),
        { numRuns: 80, seed: 11 },
      );
    },
  );

  it('optimal errs least of all plans as near to the target', () => {
    let [cases, worse] = [0, 0];
    fc.assert(
      fc.property(small(kind), fc.nat(), ({ choices, costOf, whole }, pick) => {
        const plans = allPlans(choices);
        const target = costOf(plans[pick % plans.length]);
        const problem = new Problem(choices, costOf, target);
        const near = (cost: number) => cost <= target && cost >= target - closeness * whole;
        const optimal = selectRatios(choices, costOf, target, { select: 'optimal' });
        const error = problem.error(optimal.plan);
        for (const select of ['greedy', 'tar'] as const) {
          const other = selectRatios(choices, costOf, target, { select });
          if (near(other.cost)) expect(near(optimal.cost)).toBe(true);
        }
        if (!near(optimal.cost)) return;
        cases++;
        const errors = plans.filter((plan) => near(costOf(plan))).map((plan) => problem.error(plan));
        if (error > Math.min(...errors) + 1e-6) worse++;
      }),
      { numRuns: 100, seed: 5 },
    );
    expect(cases).toBeGreaterThan(60);
    expect(worse / cases).toBeLessThanOrEqual(kind === 'additive' ? 0 : 0.1);
  });
});

describe('selectRatios', () => {
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
  const costOf = tenAUnit;

  it.each(modes)('%s leaves everything as it is where the target allows it', (_, settings) => {
    expect(selectRatios(choices, costOf, 220, settings)).toEqual({
      plan: [null, null],
      cost: 220,
      reached: true,
    });
  });

  it.each(modes)('%s says where every layer is at its floor', (_, settings) => {
    const { plan, reached, shortfall } = selectRatios(choices, costOf, 15, settings);
    expect({ plan, reached }).toEqual({ plan: [1, 1], reached: false });
    expect(shortfallText(shortfall!, 'MACs')).toMatch(
      /at its floor, so 0\.091 of the MACs .* 0\.068 was requested/,
    );
  });

  it('says where units are too coarse', () => {
    const coarse = [layer('a', [[1, 90, 0.5]], 2), layer('b', [[1, 90, 0.5]], 2)];
    const { cost, shortfall } = selectRatios(coarse, costOf, 110, { select: 'optimal' });
    expect(cost).toBe(40);
    expect(shortfall).toMatchObject({ reason: 'units', nearest: 40 / 220 });
    expect(shortfallText(shortfall!, 'cost')).toMatch(
      /units are too coarse: 0\.182 .* is the nearest ratio from below; 0\.500 was requested/,
    );
  });

  it.each(modes)('%s goes up to 0.01 above the target if no plan below is as near', (_, settings) => {
    const coarse = [layer('a', [[1, 90, 0.5]], 2), layer('b', [[1, 90, 0.5]], 2)];
    expect(selectRatios(coarse, costOf, 129, settings)).toMatchObject({ cost: 130, reached: true });
    expect(selectRatios(coarse, costOf, 129, settings).shortfall).toBeUndefined();
    expect(selectRatios(coarse, costOf, 127, settings)).toMatchObject({
      cost: 120,
      shortfall: { reason: 'units' },
    });
  });

  it.each(modes)('%s takes a floor of up to 0.01 above the target for it', (_, settings) => {
    const { plan, reached, shortfall } = selectRatios(choices, costOf, 18, settings);
    expect({ plan, reached, shortfall }).toEqual({ plan: [1, 1], reached: true, shortfall: undefined });
  });

  it.each(modes)('%s keeps to multiples and minima', (_, settings) => {
    const grids = choices.map((choice) => ({ ...choice, step: 4, least: 3 }));
    for (const target of [100, 130, 200]) {
      const { plan } = selectRatios(grids, costOf, target, settings);
      for (const units of plan) expect([4, 8, null]).toContain(units);
    }
  });

  it('gives units where they take most error away', () => {
    const flat = layer('flat', [
      [2, 95, 0.1],
      [8, 95, 0.09],
    ]);
    const steep = layer('steep', [
      [2, 95, 0.9],
      [8, 95, 0.01],
    ]);
    for (const select of ['greedy', 'optimal'] as const)
      expect(selectRatios([flat, steep], costOf, 100, { select }).plan).toEqual([2, 8]);
  });

  it.each([0, -1, NaN])('target %p is refused', (target) => {
    expect(() => selectRatios(choices, costOf, target, { select: 'optimal' })).toThrow(
      /target cost must be above 0, not/,
    );
  });

  it.each(['additive', 'coupled'])(
    'hundreds of layers with %s costs take some thousand costs a rule',
    (kind) => {
      const many = Array.from({ length: kind === 'coupled' ? 100 : 1000 }, (_, at) =>
        layer(
          `l${at}`,
          Array.from(
            { length: 9 },
            (__, i) => [26 * (i + 1), 90 + ((at * 7 + i) % 10), 2 ** (-i - (at % 5))] as const,
          ),
          256,
        ),
      );
      let asked = 0;
      const cost: CostOf = (plan) => {
        asked++;
        let sum = 0;
        for (let at = 0; at < plan.length; at++)
          sum += (plan[at] ?? 257) * (kind === 'coupled' ? (plan[(at + 1) % plan.length] ?? 257) : 1);
        return sum;
      };
      const whole = cost(many.map(() => null));
      const landed = modes.map(([, settings]) => {
        asked = 0;
        const result = selectRatios(many, cost, 0.5 * whole, settings).cost / whole;
        expect(asked).toBeLessThan(100_000);
        return result;
      });
      for (const ratio of landed) expect(ratio).toBeCloseTo(0.5, 2);
    },
  );
});
