import { apart, counted, decisionText, points, type Verdict } from '../../contract/verdict';

describe('figures in reasons', () => {
  it.each([
    [1, '1 point'],
    [-1, '-1 point'],
    [0.5, '0.5 points'],
    [0.499975, '0.5 points'],
    [0, '0 points'],
    [0.00123, '0.0012 points'],
    [-0.001, '-0.001 points'],
  ])('%d are %s', (value, words) => expect(points(value)).toBe(words));

  it('are counted', () => expect([counted(1, 'run'), counted(2, 'run')]).toEqual(['1 run', '2 runs']));

  it('have as many decimals as tell them apart', () => {
    expect(apart(97.5, 97.501)).toEqual(['97.500', '97.501']);
    expect(apart(1, 2)).toEqual(['1.00', '2.00']);
    expect(apart(1, 1)).toEqual(['1.000000000', '1.000000000']);
  });
});

it.each<[string, ...Verdict[]]>([
  ['picked', { state: 'picked' }],
  [
    'picked by ada; too far from C',
    { state: 'picked', by: 'ada' },
    { state: 'rejected', why: 'too far from C' },
  ],
  ['selected by ada', { state: 'selected', by: 'ada' }],
  ['eligible', { state: 'eligible' }],
  ['not selected', { state: 'not selected' }],
  ['skipped by ada', { state: 'skipped', by: 'ada' }],
  ['skipped by ada: too slow', { state: 'skipped', by: 'ada', why: 'too slow' }],
  ['skipped by ada: too slow', { state: 'skipped', why: 'skipped by ada: too slow' }],
  ['not done when the run was finished early by ada', { state: 'unfinished', by: 'ada' }],
  ['cancelled with the run', { state: 'cancelled' }],
  ['failed: it diverged', { state: 'failed', why: 'it diverged' }],
])('verdicts make the sentence: %s', (sentence, ...verdicts) => {
  expect(decisionText(verdicts)).toBe(sentence);
});
