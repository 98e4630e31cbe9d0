import { candidatesOf, endedProgress } from '../../client/ended-progress';
import { candidatesTable } from '../../report/candidate-table';
import { result } from '../support/results';

it('a result has the table of candidates, where the run can not be asked for it', () => {
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
