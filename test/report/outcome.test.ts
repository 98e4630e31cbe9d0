import { outcomeText } from '../../report/outcome';
import { result } from '../support/results';

it('an outcome is the selected model next to the original, or what prevented one', () => {
  expect(outcomeText(result).split('\n')).toEqual([
    'note: c9 stays',
    '',
    'Selected ssvd-0.50 after 61 s:',
    '  MACs        1000 → 500 (ratio 0.500)',
    '  parameters  100 → 50 (ratio 0.500)',
    '  evaluation  98.00 → 97.50',
    '  test        97.00 → 96.50',
    '  latency     3.00 → 1.50 ms',
  ]);
  const slower = { ...result, final: { ...result.final!, speed: { faster: 0.5, noise: 0.01 } } };
  expect(outcomeText(slower).split('\n').slice(-2)).toEqual([
    '  latency     3.00 → 1.50 ms: 2.00x slower (±0.04)',
    expect.stringMatching(/^ {2}It is slower than the original: `cost: latency` chooses/),
  ]);
  const unmet = { best: 'ssvd-0.50', stoppedBy: 'too much drop', reason: 'it lost too much' } as const;
  const missed = { ...result, outcome: 'requirement-not-met', selected: null, final: null, unmet } as const;
  expect(outcomeText(missed)).toMatch(/\nRequirement not met: it lost too much\.$/);
});
