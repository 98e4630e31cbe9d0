import { CancellationScope, executeChild, isCancellation } from '@temporalio/workflow';

import type { Analysis } from '../activities/types';
import { type CostName, costNames, type Technique } from '../engine/jobs/method';
import type { CompressionSettings } from '../spec/spec';
import type { ArtifactRef } from '../store/artifact';
import { candidate } from './candidate';
import { methodOf, techniqueNames } from './method';
import { reasonOf } from './reason';
import type { Run } from './run';
import { together } from './together';
import type { Candidate, CandidateOutcome, CandidatePlan, Made, Original } from './types';

/** Makes candidates of one model side by side, each in a child workflow; those that fail are noted and left out. */
export async function makeCandidates(
  run: Run,
  original: Original,
  plans: readonly CandidatePlan[],
  from: { readonly model: ArtifactRef; readonly scores: ArtifactRef; readonly parts: Analysis['parts'] },
  parentRatio = 1,
): Promise<Candidate[]> {
  const { data, settings } = run.input;
  const { metric, cost, fineTune, reconstruction, selection, compute } = settings;
  plans.forEach((plan) => run.begin(plan));
  const made = await together(
    plans.map(async (plan): Promise<Candidate | undefined> => {
      const outcome = await child(run, plan, {
        plan,
        model: from.model,
        scores: from.scores,
        ...(fineTune.distillation && { teacher: run.input.model }),
        data,
        method: methodOf(settings, plan.technique),
        settings: {
          ...{ metric, fineTune, reconstruction, compute },
          selection: fitting(selection, from.parts, plan.technique),
        },
      });
      if (outcome.status === 'failed') {
        run.fail(plan, outcome.reason);
        return undefined;
      }
      const result: Candidate = {
        ...plan,
        ...outcome.made,
        achieved: achievedBy(outcome.made, original, cost, parentRatio),
        // Binary fractions of points would only puzzle whoever reads the result.
        drop: Number((original.metric - outcome.made.metricAfter).toFixed(6)),
      };
      run.done(result);
      return result;
    }),
  );
  const candidates = made.filter((one) => one !== undefined);
  // In the order of the plans, whichever was done first: a run's result is the same every time.
  for (const { id, notes, shortfall } of candidates)
    [...notes, ...(shortfall ? [shortfall] : [])].forEach((text) => run.note(`${id}: ${text}`));
  return candidates;
}

type Selection = CompressionSettings['selection'];

/** What was given by hand for parts that the technique has in this model; a layer that was split has other names. */
function fitting(selection: Selection, parts: Analysis['parts'], technique: Technique): Selection {
  const names = new Set(parts.filter((part) => part.technique === technique).map(({ name }) => name));
  const known = <T>(byName: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byName).filter(([name]) => names.has(name)));
  return {
    ...selection,
    ratios: known(selection.ratios),
    channels: technique === 'channel-pruning' ? known(selection.channels) : {},
  };
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
    return await executeChild(candidate, {
      workflowId: `${run.workflowId}/${plan.id}`,
      // One of that name is an execution's that was reset or terminated: what it has done is in the store.
      workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
      args: [input],
      staticSummary: `${techniqueNames[plan.technique]} of ${plan.parent ?? 'the original'} to ${plan.asked} of its ${costNames[run.input.settings.cost]}`,
      memo: { model: run.input.name, candidate: plan.id },
    });
  } catch (error) {
    // Someone may end a single candidate from the Temporal UI; the run is stopped only by its own cancellation.
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    return { status: 'failed', reason: reasonOf(error) };
  }
}
