import { fallback, pick, pickBudget } from '../../../workflows/rules/pick';
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

  it('takes none where none is within budget; the smallest drop is the fallback', () => {
    expect(pick(models, -1, 2)).toEqual([]);
    expect(fallback(models).id).toBe('c');
  });
});
