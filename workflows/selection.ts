import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';

import type { Result, ResultCandidate } from '../run-spec/result-schema';
import type { ArtifactRef } from '../store/artifact';
import { failureTypes } from '../contract/failure-types';
import { askedMetric } from '../contract/metric';
import { metricWords } from '../engine/names';
import { slowerNote } from '../contract/speed';
import type { AttributeValues } from '../contract/search-attributes';
import { withAdded } from './with-added-candidates';
import type { StepContext } from './step-context';
import { type Measured, measure } from './measure';
import { judge } from './judge';
import { review } from './review';
import { choose, objection, type Requirement, type Unmet, unmet } from './rules/select';
import { selectRule, selectVerdicts } from './rules/select-verdicts';
import type { Run } from './run-state';
import { sentences } from './activity-labels';
import { both } from './all-settled';
import type { Candidate } from '../contract/run';
import type { Verdict } from '../contract/verdict';

/**
 * Step 5: the best model that is close to C and within X, or the one that a person approves; the test split is seen by
 * it and the original alone.
 */
export async function selection(context: StepContext): Promise<Result> {
  const { run, original } = context;
  const { metric, compute, cost } = run.input.settings;
  const { originalMs, by, candidates, selected, requirement } = await decided(context);
  const { target, tolerance } = requirement;
  for (const candidate of candidates)
    run.decide(
      candidate.id,
      candidate === selected
        ? selectedBy(run, candidate, choose(candidates, requirement))
        : eligibility(candidate, requirement),
    );
  run.judge('select', selectRule(requirement), selectVerdicts(candidates, selected, requirement));
  const test = (name: string, model: ArtifactRef) => {
    const asked = askedMetric(metric, original.model);
    const request = { model, data: run.input.data.test, metric: asked, compute };
    return judge(sentences.test(name, metricWords(metric)), request);
  };
  const [originalTest, selectedTest] = await both(
    test('original', original.model),
    selected ? test(selected.id, selected.model) : Promise.resolve(undefined),
  );
  const { stopped } = run.people;
  const missed = selected ? null : missing(unmet(candidates, requirement), stopped);
  if (missed && !stopped) run.note(missed.reason);
  const slower = slowerNote(candidates, cost);
  if (slower) run.note(slower);
  const outcome = selected ? 'selected' : stopped ? 'stopped' : 'requirement-not-met';
  run.stage('done', outcomeOf(outcome, selected ?? candidates.find(({ id }) => id === missed?.best)));

  const { workflowId, runId, startTime } = workflowInfo();
  return {
    version: 1,
    outcome,
    target,
    tolerance,
    cost,
    metric: metricWords(metric),
    original: {
      macs: original.macs,
      params: original.params,
      metric: original.metric,
      test: originalTest.value,
      standardError: original.standardError,
      details: original.details,
      testDetails: originalTest.details,
      latencyMs: originalMs,
    },
    latencyBy: by,
    candidates: candidates.map((candidate) => row(candidate, run)),
    failed: run.failed.map((one) => ({ ...one, verdicts: run.verdicts(one.id) })),
    skipped: run.skipped.map((one) => ({ ...one, verdicts: run.verdicts(one.id) })),
    picks: [...run.picks],
    selected: selected?.id ?? null,
    final: selected
      ? {
          ratio: selected.achieved,
          macRatio: selected.macs / original.macs,
          paramRatio: selected.params / original.params,
          metric: selected.metricAfter,
          test: selectedTest!.value,
          testDetails: selectedTest!.details,
          drop: selected.drop,
          latencyMs: selected.latencyMs,
          speed: selected.speed,
        }
      : null,
    unmet: missed,
    decisions: run.people.decisions,
    notes: run.notes,
    workflowId,
    runId,
    seconds: (Date.now() - startTime.getTime()) / 1000,
  };
}

/** Decision of the rule and people, and the figures that it rests on. */
interface Decided extends Measured {
  readonly selected?: Measured['candidates'][number];
  readonly requirement: Requirement;
}

/** Times the candidates, proposes the best and has it reviewed, again as long as people change something. */
async function decided(context: StepContext): Promise<Decided> {
  const { run } = context;
  const { people } = run;
  let measured: Measured | undefined;
  for (;;) {
    if (people.added.length)
      run.stage(people.added.some(({ parent }) => parent !== null) ? 'channel pruning' : 'SVD');
    await people.untilFinished(() => withAdded(context, []));
    const left = run.candidates;
    if (!left.length) throw nothing(run);
    const isTimed = left.every(({ id }) => measured?.candidates.some((timed) => timed.id === id));
    if (!measured || !isTimed) measured = await measure(run, left);
    if (people.added.length) continue;

    run.stage('select');
    const { originalMs, by } = measured;
    // Whoever was skipped meanwhile is timed, and out.
    const isLeft = ({ id }: Candidate) => run.candidates.some((candidate) => candidate.id === id);
    const candidates = measured.candidates.filter(isLeft);
    if (!candidates.length) throw nothing(run);
    const { target, tolerance, select: rule } = run.settings;
    const amongEquals = patched('faster-of-equals') ? 'faster' : 'fewer MACs';
    const requirement = { target, tolerance, closeness: rule.closeness, amongEquals } as const;
    const find = (wanted?: string) => candidates.find(({ id }) => id === wanted);
    const proposed = find(choose(candidates, requirement)?.selected.id);
    if (!people.stopped) {
      const reviewed = await review(run, 'selection', proposed ? [proposed.id] : []);
      if (reviewed === 'changed') continue;
    }
    const selected = people.stopped ? undefined : (find(people.selection?.what) ?? proposed);
    people.close('selection', `the selection is decided already: ${selected?.id ?? 'none'}`);
    const against = selected && objection(selected, requirement);
    if (against)
      run.note(
        `${selected.id} was selected by ${people.selection!.by}, though it is not eligible: ${against}`,
      );
    return { originalMs, by, candidates, selected, requirement };
  }
}

/** Says what stopped the run: the missed requirement, or that nobody approved. */
const missing = (rule: Unmet, stopped: Run['people']['stopped']): Unmet =>
  stopped ? { best: stopped.best ?? rule.best, stoppedBy: 'nobody approved', reason: stopped.reason } : rule;

/** The verdict on the selected candidate: who chose it, or among which equal ones the rule did. */
function selectedBy(
  { people: { selection } }: Run,
  { id }: Candidate,
  choice: ReturnType<typeof choose>,
): Verdict {
  if (selection?.what !== undefined) return { state: 'selected', by: selection.by };
  if (choice?.selected.id !== id || choice.equal.length === 1) return { state: 'selected' };
  const { equal, standardError, by } = choice;
  return { state: 'selected', among: { equal: equal.map((one) => one.id), standardError, by } };
}

/** Step 5's verdict on a candidate that is not selected. */
function eligibility(candidate: Candidate, requirement: Requirement): Verdict {
  const why = objection(candidate, requirement);
  return why === undefined ? { state: 'eligible' } : { state: 'rejected', why };
}

const nothing = (run: Run) =>
  ApplicationFailure.nonRetryable(
    `no candidate could be made: ${[...run.failed, ...run.skipped].map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`,
    failureTypes.NoCandidate,
  );

/** Returns the search attributes of a finished run: the selected model's figures, or those of the best trade-off. */
const outcomeOf = (outcome: Result['outcome'], best: Candidate | undefined): AttributeValues => ({
  outcome,
  ratio: best?.achieved,
  metric: best?.metricAfter,
});

const row = (candidate: Measured['candidates'][number], run: Run): ResultCandidate => ({
  id: candidate.id,
  technique: candidate.technique,
  parent: candidate.parent,
  round: candidate.round,
  asked: candidate.asked,
  achieved: candidate.achieved,
  macs: candidate.macs,
  params: candidate.params,
  ...(candidate.multiplicity !== undefined && { multiplicity: candidate.multiplicity }),
  metricBefore: candidate.metricBefore,
  metricAfter: candidate.metricAfter,
  standardError: candidate.standardError,
  details: candidate.details,
  latencyMs: candidate.latencyMs,
  speed: candidate.speed,
  computedBy: candidate.computedBy,
  provenance: [...candidate.provenance],
  reasons: run.reasons(candidate.id),
  verdicts: run.verdicts(candidate.id),
  model: candidate.model,
});
