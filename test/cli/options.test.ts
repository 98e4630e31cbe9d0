import { addedCandidate, repeatable, listOf, names, numberInRange, ratio } from '../../cli/options';

it('an added candidate is of the original, or of another candidate', () => {
  expect(addedCandidate('weight-svd=0.4')).toEqual({ technique: 'weight-svd', asked: 0.4, parent: null });
  expect(addedCandidate('channel-pruning=.7@ssvd-0.65')).toEqual({
    technique: 'channel-pruning',
    asked: 0.7,
    parent: 'ssvd-0.65',
  });
  for (const wrong of [
    'ssvd=0.5',
    'weight-svd',
    'weight-svd=1',
    'weight-svd=0',
    'weight-svd=0.5@',
    'weight-svd=1.2.3',
  ])
    expect(() => addedCandidate(wrong)).toThrow('Must be TECHNIQUE=RATIO');
});

it('options are read or refused', () => {
  expect(listOf(ratio)('0.5, 0.65')).toEqual([0.5, 0.65]);
  expect(names('a, b/c')).toEqual(['a', 'b/c']);
  expect(numberInRange(0)('0')).toBe(0);
  expect(repeatable(ratio)('0.5', repeatable(ratio)('0.6'))).toEqual([0.6, 0.5]);
  for (const refused of [
    () => ratio('1'),
    () => ratio('x'),
    () => names('a,,b'),
    () => numberInRange(0)('-1'),
    () => numberInRange(1)(''),
    () => numberInRange(1, 5)('6'),
  ])
    expect(refused).toThrow(/^Must be/);
});
