import { candidatesOf, outcomeText } from '../../report/outcome';
import { candidatesTable } from '../../report/table';
import type { Result } from '../../spec/result';
import { computedBy } from '../support/method';

const plan = { technique: 'spatial-svd', parent: null, round: 0 } as const;
const candidate = (id: string, asked: number): Result['candidates'][number] => ({
  ...plan,
  ...{ id, asked, achieved: asked, macs: 1000 * asked, params: 100 * asked, metricBefore: 90 },
  ...{ metricAfter: 97.5, latencyMs: 1.5, computedBy, model: { uri: 'file:///m', sha256: 'a', bytes: 1 } },
});
const result: Result = {
  ...{ version: 1, outcome: 'selected', target: 0.5, tolerance: 1, cost: 'macs' },
  original: { macs: 1000, params: 100, metric: 98, test: 97, latencyMs: 3 },
  candidates: [candidate('ssvd-0.50', 0.5), candidate('ssvd-0.65', 0.65), candidate('ssvd-0.75', 0.75)],
  failed: [{ ...plan, id: 'ssvd-0.90', asked: 0.9, reason: 'no rank fits' }],
  ...{ picks: ['ssvd-0.50', 'ssvd-0.65'], selected: 'ssvd-0.50' },
  final: { ratio: 0.5, macRatio: 0.5, paramRatio: 0.5, metric: 97.5, test: 96.5, drop: 0.5, latencyMs: 1.5 },
  ...{ unmet: null, notes: ['c9 stays'], workflowId: 'w', runId: 'r', seconds: 61.4 },
};

it('a result has the table of candidates, where the run can not be asked for it', () => {
  const rows = candidatesOf(result);
  expect(rows.map(({ id, decision, drop }) => [id, decision, drop])).toEqual([
    ['ssvd-0.50', 'picked; selected', 0.5],
    ['ssvd-0.65', 'picked', 0.5],
    ['ssvd-0.75', 'not selected', 0.5],
    ['ssvd-0.90', 'failed: no rank fits', undefined],
  ]);
  expect(candidatesTable({ candidates: rows })).toContain('│ ssvd-0.50 │ 0.50');
});

it('an outcome is the selected model beside the original, or what stood in the way', () => {
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
  const unmet = { best: 'ssvd-0.50', stoppedBy: 'too much drop', reason: 'it lost too much' } as const;
  const missed = { ...result, outcome: 'requirement-not-met', selected: null, final: null, unmet } as const;
  expect(outcomeText(missed)).toMatch(/\nRequirement not met: it lost too much\.$/);
});
