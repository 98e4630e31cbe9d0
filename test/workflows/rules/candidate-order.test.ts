import { inOrder } from '../../../workflows/rules/candidate-order';

describe('the order of candidates', () => {
  it('is that of the guidebook, whichever pick was scored first', () => {
    const plans = [
      { id: 'a', parent: null },
      { id: 'b/1', parent: 'b' },
      { id: 'c/1', parent: 'c' },
      { id: 'a/1', parent: 'a' },
      { id: 'a/2', parent: 'a' },
      { id: 'b', parent: null },
    ];
    expect(inOrder(plans, ['a', 'b']).map(({ id }) => id)).toEqual(['a', 'b', 'a/1', 'a/2', 'b/1', 'c/1']);
  });
});
