import fc from 'fast-check';

import { type CostOf, Grid, type LayerChoices, type Plan } from '../../../engine/ratios/plan';

export const layer = (
  name: string,
  scores: readonly (readonly [units: number, score: number, error: number])[],
  most = 10,
  more: Partial<LayerChoices> = {},
): LayerChoices => ({
  layer: name,
  least: 1,
  most,
  scores: scores.map(([units, score, error]) => ({ units, score, error })),
  ...more,
});

/** Ten MACs a unit; a layer left untouched costs 110. */
export const tenAUnit: CostOf = (plan) =>
  plan.reduce<number>((sum, units) => sum + (units === null ? 110 : units * 10), 0);

/** A small model: its layers, and a cost that adds up or one that multiplies neighbours' units, as pruning's does. */
export interface Small {
  readonly choices: readonly LayerChoices[];
  readonly costOf: CostOf;
  readonly whole: number;
}

interface Sizes {
  readonly unit: number;
  readonly most: number;
  readonly step: number;
  readonly scores: readonly (readonly [score: number, error: number])[];
}

/** Units that an untouched layer counts as. */
const count = (units: number | null, { most }: Sizes) => units ?? most + 1;

const additive =
  (sizes: readonly Sizes[]): CostOf =>
  (plan) =>
    plan.reduce<number>((sum, units, at) => sum + count(units, sizes[at]) * sizes[at].unit, 0);

/** A chain: layer i costs its input channels times the next one's, the last a constant. */
const coupled =
  (sizes: readonly Sizes[]): CostOf =>
  (plan) =>
    plan.reduce<number>((sum, units, at) => {
      const next = at + 1 < plan.length ? count(plan[at + 1], sizes[at + 1]) : 5;
      return sum + count(units, sizes[at]) * next * sizes[at].unit;
    }, 0);

/** Models of few layers with few, coarse units, whose plans can all be listed. */
export const small = (kind: 'additive' | 'coupled', maxLength = 4): fc.Arbitrary<Small> =>
  fc
    .array(
      fc.record({
        unit: fc.integer({ min: 3, max: 40 }),
        most: fc.integer({ min: 1, max: 6 }),
        step: fc.constantFrom(1, 1, 1, 2),
        scores: fc.array(
          fc.tuple(fc.integer({ min: 90, max: 99 }), fc.double({ min: 0, max: 1, noNaN: true })),
          { minLength: 1, maxLength: 4 },
        ),
      }),
      { minLength: 1, maxLength },
    )
    .map((sizes) => {
      const choices = sizes.map(({ most, step, scores }, at) =>
        layer(
          `l${at}`,
          scores.map(
            ([score, error], i) =>
              [Math.max(1, Math.round((most * (i + 1)) / scores.length)), score, error] as const,
          ),
          most,
          { step },
        ),
      );
      const costOf = kind === 'additive' ? additive(sizes) : coupled(sizes);
      return { choices, costOf, whole: costOf(choices.map(() => null)) };
    });

/** Every plan there is. */
export function allPlans(choices: readonly LayerChoices[]): Plan[] {
  return choices.reduce<Plan[]>(
    (plans, choice) => {
      const grid = new Grid(choice);
      const places = Array.from({ length: grid.untouched + 1 }, (_, place) => grid.units(place));
      return plans.flatMap((plan) => places.map((units) => [...plan, units]));
    },
    [[]],
  );
}
