import fc from 'fast-check';

import { floats } from '../../../../../engine/tensor/tensor';
import type { Example, Values } from '../differences';

/** Examples by operator. */
export type Rows = Readonly<Record<string, fc.Arbitrary<Example>>>;

export const seeds = fc.nat({ max: 1e6 });
export const size = (min = 1, max = 5) => fc.integer({ min, max });
/** Sizes of tensors of few elements. */
export const shapes = (minLength = 0, maxLength = 4, max = 4) =>
  fc.array(size(1, max), { minLength, maxLength });
export const input = (dims: readonly number[], values: Values = 'normal') => ({ dims, values });

export const scalar = (value: number) => floats([], [value]);

/** A tensor's shape and two that broadcast to it. */
export const broadcasts = shapes(1, 4).chain((full) => {
  const part = fc
    .tuple(fc.nat({ max: full.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([missing, ones]) => full.slice(missing).map((dim, at) => (ones[at] ? 1 : dim)));
  return fc.tuple(fc.constant(full), part, part);
});

/** Distinct axes of a tensor of `rank`, some counted from the end. */
export const axesOf = (rank: number, minLength = 1) =>
  fc
    .tuple(
      fc.uniqueArray(fc.nat({ max: rank - 1 }), { minLength, maxLength: rank }),
      fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
    )
    .map(([axes, negative]) => axes.map((axis, at) => (negative[at] ? axis - rank : axis)));
