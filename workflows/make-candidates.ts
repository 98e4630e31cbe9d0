import { CancellationScope, isCancellation } from '@temporalio/workflow';

import { type CostName, costNames, techniqueTraits } from '../engine/names';
import { pairsOf } from '../contract/search-attributes';
import { candidate } from './candidate';
import { executePausable } from './pause';
import { askedMetric } from '../contract/metric';
import { methodOf } from '../contract/techniques';
import { reasonOf } from '../contract/failure-reason';
import type { Run } from './run-state';
import type { Source } from './sources';
import { together } from './all-settled';
import type { CandidateOutcome, CandidatePlan, Made, Original } from '../contract/run';

/**
 * Makes candidates of one model side by side, each in a child workflow. Those that fail, or that people skip, are noted
 * in the run and left out.
 */
export async function makeCandidates(
  run: Run,
  original: Original,
  plans: readonly CandidatePlan[],
  from: Source,
): Promise<void> {
  const { data, settings } = run.input;
  const { metric, cost, fineTune, reconstruction, selection, compute } = settings;
  await together(
    plans.map(async (plan) => {
      // A person may have skipped it while its model was scored.
      if (!run.isRunning(plan.id)) return;
      const outcome = await child(run, plan, {
        plan,
        model: from.model,
        scores: from.scores,
        ...((fineTune.distillation ?? fineTune.by) && { teacher: run.input.model }),
        data,
        method: methodOf(settings, plan.technique, original.block),
        settings: {
          metric: askedMetric(metric, run.input.model),
          fineTune,
          reconstruction,
          selection,
          compute,
        },
        ...(run.input.searchAttributes && {
          audit: { searchAttributes: run.input.searchAttributes, parentRatio: from.ratioToOriginal },
        }),
      });
      if (!run.isRunning(plan.id)) return;
      if (outcome.status === 'failed') return run.fail(plan, outcome.reason);
      run.done({
        ...plan,
        ...outcome.made,
        achieved: achievedBy(outcome.made, original, cost, from.ratioToOriginal),
        // Binary fractions of points would only puzzle whoever reads the result.
        drop: Number((original.metric - outcome.made.metricAfter).toFixed(6)),
      });
    }),
  );
}

/** Announces plans, but for those that a person asked for already, and makes them. */
export function planned(
  run: Run,
  original: Original,
  plans: readonly CandidatePlan[],
  from: Source,
): Promise<void> {
  const fresh = run.fresh(plans);
  fresh.forEach((plan) => run.begin(plan));
  return makeCandidates(run, original, fresh, from);
}

/** The ratio to the original. Latencies of two measurements do not divide well: ratios to the parent multiply. */
const achievedBy = (made: Made, original: Original, cost: CostName, parentRatio: number): number =>
  cost === 'latency' ? parentRatio * made.ratio : made[cost] / original[cost];

async function child(
  run: Run,
  plan: CandidatePlan,
  input: Parameters<typeof candidate>[0],
): Promise<CandidateOutcome> {
  try {
    return await run.people.make(plan.id, () =>
      executePausable(candidate, {
        workflowId: `${run.workflowId}/${plan.id}`,
        // One of that name is an execution's that was reset or terminated: what it has done is in the store.
        workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
        args: [input],
        staticSummary: `${techniqueTraits[plan.technique].words} of ${plan.parent ?? 'the original'} to ${plan.asked} of its ${costNames[run.input.settings.cost]}`,
        memo: { model: run.input.name, candidate: plan.id },
        typedSearchAttributes: pairsOf(
          { model: run.input.name, candidate: plan.id, target: plan.asked * (input.audit?.parentRatio ?? 1) },
          input.audit?.searchAttributes,
        ),
      }),
    );
  } catch (error) {
    // Someone may skip a single candidate, or end it from the Temporal UI; the run is stopped only by its own cancellation.
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    return { status: 'failed', reason: reasonOf(error) };
  }
}
