import { choosePlan } from '../../../engine/jobs/choose-plan';
import type { Part } from '../../../engine/jobs/compressor';
import type { Selecting } from '../../../engine/names';
import { shortfallText } from '../../../engine/ratios/shortfall';
import { methodOf, optimal } from '../../support/method';

/** Three parts of ten units, 100 each as they are. */
const parts = ['a', 'b', 'c'].map((name): Part => ({ name, layers: [], full: 10, most: 9, unitsAtOne: 10 }));
const costOf = (plan: readonly (number | null)[]) =>
  plan.reduce<number>((sum, units) => sum + 10 * (units ?? 10), 0);
const scores = parts.map(({ name }) => ({
  layer: name,
  technique: 'channel-pruning' as const,
  scores: [2, 5, 8].map((units) => ({
    ratio: units / 10,
    units,
    score: 90 + units,
    error: (10 - units) / 100,
  })),
}));
const chosen = (change: Partial<Selecting>, target?: number, minimum = 1) =>
  choosePlan(
    { parts },
    {
      method: methodOf('channel-pruning', { minimum }),
      selection: { ...optimal, ...change },
      scores: target === undefined ? [] : scores,
      costOf,
      target,
    },
  );

it('without a target what is given by hand is all there is, rounded as AIMET does', () => {
  const manual = { mode: 'manual', ratios: { a: 0.55, c: 1 }, channels: { b: [0, 7, 7] } } as const;
  expect(chosen(manual)).toMatchObject({ plan: [5, 8, null], cost: 230, reached: true });
});

it.each(['manual', 'optimal', 'greedy', 'tar'] as const)(
  'mode %s holds what is given and chooses the rest',
  (mode) => {
    const { plan, cost } = chosen({ mode, ratios: { b: 0.2 } }, 160);
    expect([plan[1], cost]).toEqual([2, 160]);
  },
);

it('says by how much of the whole cost a target is missed', () => {
  const floor = chosen({ ratios: { b: 0.2 } }, 30).shortfall!;
  expect([floor.reason, floor.asked, floor.nearest]).toEqual(['floor', 0.1, 40 / 300]);
  const all = chosen({ ratios: { a: 0.5, b: 0.5, c: 0.5 } }, 240).shortfall!;
  expect(shortfallText(all, 'MACs')).toBe(
    'the values set by hand give 0.500 of the MACs; 0.800 was requested',
  );
});

it('leaves no part below the minimum', () => {
  expect(chosen({}, 200, 6).plan.every((units) => (units ?? 10) >= 6)).toBe(true);
  expect(chosen({}, 200, 1000).plan).toEqual([null, null, null]);
});

it.each([
  [{ ratios: { d: 0.5 } }, /channel-pruning can't compress d; it can compress: a, b, c/],
  [{ ratios: { a: 1.5 } }, /ratio of a must be above 0 and at most 1, not 1.5/],
  [{ ratios: { a: 0.5 }, channels: { a: [1] } }, /a has both a ratio and channels/],
  [{ channels: { a: [] } }, /list of channels to remove from a is empty/],
])('refuses %j', (change, message) => {
  expect(() => chosen(change, 200)).toThrow(message);
});
