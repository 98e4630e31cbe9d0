import type { CandidateProgress } from '../contract/run';
import type { Result, ResultCandidate } from '../run-spec/result-schema';
import { candidatesOf } from './ended-progress';
import type { LiveProgress, Observation } from './observation';
import type { RunRecord } from './run-record';

/** A candidate that was made, with the figures that are known so far. */
export type ReportedCandidate = Pick<
  ResultCandidate,
  'id' | 'macs' | 'params' | 'metricBefore' | 'metricAfter'
> &
  Partial<Pick<ResultCandidate, 'latencyMs' | 'provenance' | 'speed' | 'standardError'>> & {
    readonly model: Pick<ResultCandidate['model'], 'bytes'> & Partial<ResultCandidate['model']>;
    readonly reasons: readonly string[];
  };

/**
 * A run as a report shows it: a result, or what is known while the run goes on, or after it ended without one.
 */
export interface Reported extends Omit<
  Result,
  'version' | 'outcome' | 'original' | 'latencyBy' | 'candidates' | 'failed' | 'skipped'
> {
  readonly outcome: Result['outcome'] | 'running' | 'failed' | 'cancelled';
  /** A sentence, for a run that ended without a result. */
  readonly reason?: string;
  readonly original?: Pick<Result['original'], 'macs' | 'params' | 'metric'> &
    Partial<Pick<Result['original'], 'test' | 'latencyMs' | 'standardError'>>;
  readonly latencyBy?: Result['latencyBy'];
  /** Those that were made. */
  readonly candidates: readonly ReportedCandidate[];
  /** The table of all candidates. */
  readonly rows: readonly CandidateProgress[];
  /** Why each candidate that was not made was not, by its id. */
  readonly whyNot: Readonly<Record<string, string>>;
}

/** Returns the report's view of a result. */
export const reportedResult = (result: Result): Reported => ({
  ...result,
  rows: candidatesOf(result),
  whyNot: Object.fromEntries([...result.failed, ...result.skipped].map(({ id, reason }) => [id, reason])),
});

/** Returns the report's view of a run without a result: its progress, and the costs in its record. */
export function reportedProgress(
  { workflowId, runId = '', end }: Pick<Observation, 'workflowId' | 'runId' | 'end'>,
  progress: LiveProgress,
  record: RunRecord | undefined,
): Reported {
  const { candidates: rows, judgements, target, tolerance, cost, notes, decisions, original } = progress;
  const costs = new Map(record?.costs.map(({ candidate, ...one }) => [candidate, one]));
  const verdict = (state: 'picked' | 'selected') =>
    rows.filter(({ verdicts }) => verdicts?.some((one) => one.state === state)).map(({ id }) => id);
  const reasonsOf = (of: string) =>
    judgements.flatMap(({ step, verdicts }) =>
      verdicts
        .filter(({ id }) => id === of)
        .map(({ kept, why }) => `${kept ? '' : 'not '}${step === 'pick' ? 'picked' : 'selected'}: ${why}`),
    );
  return {
    outcome: !end ? 'running' : ['cancelled', 'terminated'].includes(end.status) ? 'cancelled' : 'failed',
    ...(end?.reason !== undefined && { reason: end.reason }),
    workflowId,
    runId,
    target,
    tolerance,
    cost,
    original,
    notes: [...notes],
    decisions: [...decisions],
    picks: verdict('picked'),
    selected: verdict('selected')[0] ?? null,
    final: null,
    unmet: null,
    seconds: record ? (record.endedAt - record.startedAt) / 1000 : 0,
    rows,
    whyNot: {},
    candidates: rows.flatMap(({ id, metricBefore, metricAfter, latencyMs }) => {
      const known = costs.get(id);
      if (metricBefore === undefined || metricAfter === undefined || !known) return [];
      const { macs, params, bytes } = known;
      return [
        { id, macs, params, model: { bytes }, metricBefore, metricAfter, latencyMs, reasons: reasonsOf(id) },
      ];
    }),
  };
}
