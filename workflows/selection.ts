import { workflowInfo } from '@temporalio/workflow';

import type { Result, ResultCandidate } from '../spec/result';
import type { ArtifactRef } from '../store/artifact';
import type { AttributeValues } from './attributes';
import type { Measured } from './measure';
import { evaluate } from './proxies';
import { objection, select, selectRule, selectVerdicts, unmet } from './rules/select';
import type { Run } from './run';
import { sentences } from './sentences';
import type { Candidate, Original } from './types';

/** Step 5: the best model that is close to C and within X; the test split is seen by it and the original alone. */
export async function selection(
  run: Run,
  original: Original,
  { originalMs, by, candidates }: Measured,
  picks: readonly string[],
): Promise<Result> {
  const { target, tolerance, cost, select: settings, metric, compute } = run.input.settings;
  run.stage('select');
  const requirement = { target, tolerance, closeness: settings.closeness };
  const selected = candidates.find(({ id }) => id === select(candidates, requirement)?.id);
  for (const candidate of candidates) {
    const verdict = candidate === selected ? 'selected' : (objection(candidate, requirement) ?? 'eligible');
    run.decide(candidate.id, picks.includes(candidate.id) ? `picked; ${verdict}` : verdict);
  }
  run.judge('select', selectRule(requirement), selectVerdicts(candidates, selected, requirement));
  const test = async (name: string, model: ArtifactRef) => {
    const request = { model, data: run.input.data.test, metric, compute };
    return (await evaluate.executeWithOptions(sentences.test(name, metric), [request])).value;
  };
  const [originalTest, selectedTest] = await Promise.all([
    test('original', original.model),
    selected && test(selected.id, selected.model),
  ]);
  const missed = selected ? null : unmet(candidates, requirement);
  if (missed) run.note(missed.reason);
  run.stage('done', outcomeOf(selected ?? candidates.find(({ id }) => id === missed?.best), missed));

  const { workflowId, runId, startTime } = workflowInfo();
  return {
    version: 1,
    outcome: selected ? 'selected' : 'requirement-not-met',
    target,
    tolerance,
    cost,
    original: {
      macs: original.macs,
      params: original.params,
      metric: original.metric,
      test: originalTest,
      latencyMs: originalMs,
    },
    latencyBy: by,
    candidates: candidates.map((candidate) => row(candidate, run.reasons(candidate.id))),
    failed: run.failed.map(({ id, technique, parent, round, asked, reason }) => ({
      id,
      technique,
      parent,
      round,
      asked,
      reason,
    })),
    picks: [...picks],
    selected: selected?.id ?? null,
    final: selected
      ? {
          ratio: selected.achieved,
          macRatio: selected.macs / original.macs,
          paramRatio: selected.params / original.params,
          metric: selected.metricAfter,
          test: selectedTest!,
          drop: selected.drop,
          latencyMs: selected.latencyMs,
        }
      : null,
    unmet: missed,
    notes: run.notes,
    workflowId,
    runId,
    seconds: (Date.now() - startTime.getTime()) / 1000,
  };
}

/** What the run can be found by once it is over: the selected model's figures, or those of the best trade-off. */
const outcomeOf = (best: Candidate | undefined, missed: Result['unmet']): AttributeValues => ({
  outcome: missed ? 'requirement-not-met' : 'selected',
  ratio: best?.achieved,
  metric: best?.metricAfter,
});

const row = (candidate: Measured['candidates'][number], reasons: string[]): ResultCandidate => ({
  id: candidate.id,
  technique: candidate.technique,
  parent: candidate.parent,
  round: candidate.round,
  asked: candidate.asked,
  achieved: candidate.achieved,
  macs: candidate.macs,
  params: candidate.params,
  metricBefore: candidate.metricBefore,
  metricAfter: candidate.metricAfter,
  latencyMs: candidate.latencyMs,
  computedBy: candidate.computedBy,
  provenance: [...candidate.provenance],
  reasons,
  model: candidate.model,
});
