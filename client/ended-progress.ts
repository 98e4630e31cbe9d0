import type { Result } from '../run-spec/result-schema';
import type { CandidateProgress } from '../contract/run';
import type { LiveProgress } from './observation';

/**
 * The progress of a run that has ended, by its result, where no worker is there to ask the run itself.
 * @param last what was seen of it before, if anything
 */
export function endedProgress(result: Result, last: LiveProgress | undefined): LiveProgress {
  const { target, tolerance, cost, original, notes, workflowId } = result;
  const { macs, params, metric } = original;
  return {
    name: last?.name ?? workflowId.split('/').at(-2) ?? workflowId,
    ...{ target, tolerance, cost, stage: 'done' },
    original: { macs, params, metric },
    scoring: last?.scoring ?? [],
    candidates: candidatesOf(result),
    notes,
    judgements: last?.judgements ?? [],
    decisions: result.decisions,
    doing: {},
  };
}

/** The rows of a result's table of candidates. */
export const candidatesOf = ({
  candidates,
  skipped,
  failed,
  picks,
  selected,
  original,
  workflowId,
}: Result) => [
  ...candidates.map((row): CandidateProgress => {
    const decisions = [picks.includes(row.id) && 'picked', row.id === selected && 'selected'];
    return {
      ...row,
      status: 'done',
      workflowId: `${workflowId}/${row.id}`,
      drop: Number((original.metric - row.metricAfter).toFixed(6)),
      decision: decisions.filter(Boolean).join('; ') || 'not selected',
    };
  }),
  ...skipped.map(({ reason, ...row }): CandidateProgress => {
    return { ...row, status: 'skipped', workflowId: `${workflowId}/${row.id}`, decision: reason };
  }),
  ...failed.map(({ reason, ...row }): CandidateProgress => {
    return { ...row, status: 'failed', workflowId: `${workflowId}/${row.id}`, decision: `failed: ${reason}` };
  }),
];
