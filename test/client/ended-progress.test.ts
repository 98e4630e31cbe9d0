import { candidatesOf, endedProgress } from '../../client/ended-progress';
import { candidatesTable } from '../../report/candidate-table';
import { Result } from '../../run-spec/result-schema';
import { result } from '../support/results';

it('a result of an earlier version has the table of candidates, though not every verdict', () => {
  const rows = candidatesOf(result);
  expect(rows.map(({ id, decision, drop }) => [id, decision, drop])).toEqual([
    ['ssvd-0.50', 'picked; selected', 0.5],
    ['ssvd-0.65', 'picked', 0.5],
    ['ssvd-0.75', 'not selected', 0.5],
    ['ssvd-0.90', 'failed: no rank fits', undefined],
  ]);
  expect(rows.map(({ verdicts }) => verdicts)).toEqual([
    [{ state: 'picked' }, { state: 'selected' }],
    [{ state: 'picked' }],
    [{ state: 'not selected' }],
    [{ state: 'failed', why: 'no rank fits' }],
  ]);
  expect(candidatesTable({ candidates: rows })).toContain('│ ssvd-0.50 │ 0.50');
  const [, , plan] = result.candidates;
  const reason = 'skipped by Ann: the wrong one was selected';
  const skipped = [{ id: 'c', technique: plan.technique, parent: null, round: 0, asked: 0.4, reason }];
  expect(candidatesOf({ ...result, skipped }).find(({ id }) => id === 'c')).toMatchObject({
    verdicts: [{ state: 'skipped', why: reason }],
    decision: reason,
  });
  const progress = endedProgress({ ...result, workflowId: 'slimflow/resnet/3f2a' }, undefined);
  expect(progress).toMatchObject({
    name: 'resnet',
    stage: 'done',
    candidates: { length: 4 },
    notes: ['c9 stays'],
  });
});

it('a result that has verdicts says by itself why each candidate was kept or dropped', () => {
  const [first, second, third] = result.candidates;
  const judged = Result.parse({
    ...result,
    candidates: [
      { ...first, verdicts: [{ state: 'picked', by: 'Ann' }, { state: 'selected' }] },
      { ...second, verdicts: [{ state: 'picked' }, { state: 'rejected', why: 'too far from C' }] },
      { ...third, verdicts: [{ state: 'eligible' }] },
    ],
    failed: [{ ...result.failed[0], verdicts: [{ state: 'failed', why: 'no rank fits' }] }],
    skipped: [
      {
        id: 'c',
        technique: 'spatial-svd',
        parent: null,
        round: 0,
        asked: 0.4,
        reason: 'skipped by Ann: too small',
        verdicts: [{ state: 'skipped', by: 'Ann', why: 'too small' }],
      },
    ],
  });
  expect(candidatesOf(judged).map(({ decision }) => decision)).toEqual([
    'picked by Ann; selected',
    'picked; too far from C',
    'eligible',
    'skipped by Ann: too small',
    'failed: no rank fits',
  ]);
});
