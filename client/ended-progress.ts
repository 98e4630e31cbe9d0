import type { Result } from '../run-spec/result-schema';
import type { CandidateProgress } from '../contract/run';
import { decisionText, type Verdict } from '../contract/verdict';
import type { LiveProgress } from './observation';

/**
 * Reconstructs the progress of an ended run from its result, if no worker is there to query the run itself.
 * @param last what was observed of it before, if anything
 */
export function endedProgress(result: Result, last: LiveProgress | undefined): LiveProgress {
  const { target, tolerance, cost, original, notes, workflowId } = result;
  const { macs, params, metric } = original;
  return {
    name: last?.name ?? workflowId.split('/').at(-2) ?? workflowId,
    target,
    tolerance,
    cost,
    stage: 'done',
    original: { macs, params, metric },
    scoring: last?.scoring ?? [],
    candidates: candidatesOf(result),
    notes,
    judgements: last?.judgements ?? [],
    decisions: result.decisions,
    doing: {},
  };
}

/** Builds the rows of a result's table of candidates. */
export function candidatesOf(result: Result): CandidateProgress[] {
  const { candidates, skipped, failed, original } = result;
  const row = <Row extends { readonly id: string }>(
    one: Row,
    status: CandidateProgress['status'],
    verdicts: readonly Verdict[],
  ) => ({
    ...one,
    status,
    verdicts,
    decision: decisionText(verdicts),
    workflowId: `${result.workflowId}/${one.id}`,
  });
  return [
    ...candidates.map((one) => ({
      ...row(one, 'done', one.verdicts ?? verdictsOf(one.id, result)),
      drop: Number((original.metric - one.metricAfter).toFixed(6)),
    })),
    ...skipped.map(({ reason: why, ...plan }) =>
      row(plan, 'skipped', plan.verdicts ?? [{ state: 'skipped', why }]),
    ),
    ...failed.map(({ reason: why, ...plan }) =>
      row(plan, 'failed', plan.verdicts ?? [{ state: 'failed', why }]),
    ),
  ];
}

/** Infers the verdicts of steps 3 and 5 from a result that was written before results had them. */
function verdictsOf(id: string, { picks, selected }: Result): Verdict[] {
  const verdicts: Verdict[] = [];
  if (picks.includes(id)) verdicts.push({ state: 'picked' });
  if (id === selected) verdicts.push({ state: 'selected' });
  return verdicts.length ? verdicts : [{ state: 'not selected' }];
}
