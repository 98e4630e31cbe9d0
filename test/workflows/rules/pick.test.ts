import { fallback, pick, pickBudget, pickRule, pickVerdicts } from '../../../workflows/rules/pick';
import { candidateWith } from '../../support/candidates';

const ids = (candidates: readonly { id: string }[]) => candidates.map(({ id }) => id);

describe('step 3, pick', () => {
  it.each([
    [0, 0],
    [1, 0.5],
    [4, 2],
    [6, 2],
    [7, 2],
    [8, 3],
    [10, 5],
  ])('the budget for X = %d is %d', (tolerance, budget) => expect(pickBudget(tolerance)).toBe(budget));

  const models = [
    candidateWith({ id: 'a', drop: 0.5 }),
    candidateWith({ id: 'b', drop: 0.51 }),
    candidateWith({ id: 'c', drop: -0.2 }),
    candidateWith({ id: 'd', drop: 0.1, macs: 700 }),
    candidateWith({ id: 'e', drop: 0.1, macs: 600 }),
  ];

  it('takes those within budget, best first, of equal ones the smaller', () => {
    expect(ids(pick(models, 0.5, 9))).toEqual(['c', 'e', 'd', 'a']);
  });

  it('takes at most maxPicks', () => expect(ids(pick(models, 0.5, 2))).toEqual(['c', 'e']));

  it('takes none if none is within budget; the smallest drop is the fallback', () => {
    expect(pick(models, -1, 2)).toEqual([]);
    expect(fallback(models).id).toBe('c');
  });
});

describe('why a model was picked', () => {
  const models = [
    candidateWith({ id: 'a', drop: 0.1 }),
    candidateWith({ id: 'b', drop: 0.3 }),
    candidateWith({ id: 'c', drop: 0.7 }),
  ];
  const whyOf = (picked: readonly string[], budget: number, all = models) =>
    pickVerdicts(
      all,
      all.filter(({ id }) => picked.includes(id)),
      budget,
    ).map(({ id, kept, why }) => `${id} ${kept}: ${why}`);

  it('is its drop, or that others come first', () => {
    expect(whyOf(['a'], 0.5)).toEqual([
      'a true: it loses 0.1 points, within the budget of 0.5 points',
      'b false: it loses 0.3 points, within the budget of 0.5 points, but a comes first',
      'c false: it loses 0.7 points, over the budget of 0.5 points',
    ]);
  });

  it('says of a model that is better than the original that it gains', () => {
    const better = [candidateWith({ id: 'a', drop: -0.2 }), candidateWith({ id: 'b', drop: 0 })];
    expect(whyOf(['a', 'b'], 0.5, better)).toEqual([
      'a true: it gains 0.2 points, within the budget of 0.5 points',
      'b true: it loses nothing, within the budget of 0.5 points',
    ]);
  });

  it('is that none is better if none is within budget', () => {
    expect(whyOf(['a'], 0.05)).toEqual([
      'a true: it loses 0.1 points, over the budget of 0.05 points, but no other candidate loses less',
      'b false: it loses 0.3 points, over the budget of 0.05 points',
      'c false: it loses 0.7 points, over the budget of 0.05 points',
    ]);
  });

  it('is a person where the rule would have picked others', () => {
    expect(whyOf(['c'], 0.5)).toEqual([
      'a false: it loses 0.1 points, within the budget of 0.5 points; a person chose otherwise',
      'b false: it loses 0.3 points, within the budget of 0.5 points; a person chose otherwise',
      'c true: it loses 0.7 points, over the budget of 0.5 points; a person chose it',
    ]);
    expect(whyOf(['a', 'b'], 0.2)[1]).toMatch(/a person chose it$/);
  });

  it('is told by a rule in a sentence', () =>
    expect(pickRule(1, 2)).toMatch(/^At most 2 candidates that lose at most 1 point go on, best first;/));
});
