import { CancellationScope, isCancellation } from '@temporalio/workflow';

import { withAdded } from './with-added-candidates';
import { planned } from './make-candidates';
import type { StepContext } from './step-context';
import { prefixOf } from '../contract/techniques';
import { reasonOf } from '../contract/failure-reason';
import { isAtTarget, pruningTargets, targetNames } from './rules/targets';
import type { Candidate, CandidatePlan } from '../contract/run';

/** Step 4: each pick is pruned to a few targets around C / c(pick), and fine-tuned; all side by side. */
export async function channelPruning(context: StepContext, picks: readonly Candidate[]): Promise<void> {
  const { run } = context;
  run.stage('channel pruning');
  run.people.close('ccpFactors', 'step 4 has begun: addCandidate adds to what it planned');
  await withAdded(
    context,
    picks.map((pick) => prune(context, pick)),
  );
}

async function prune({ run, original, sources }: StepContext, pick: Candidate): Promise<void> {
  const { target, ccpFactors } = run.settings;
  if (isAtTarget(target, pick.achieved))
    run.note(`${pick.id} is at the target already: it goes on unpruned as well`);
  const targets = pruningTargets(target, pick.achieved, ccpFactors);
  if (!targets.length) return;
  try {
    const source = await sources.of('channel-pruning', pick);
    await planned(run, original, pruningPlans(targets, pick), source);
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    run.note(`channel pruning of ${pick.id} was given up: ${reasonOf(error)}`);
  }
}

/** The plans that prune a candidate, or the original (no `parent`), to each of `targets`. */
export const pruningPlans = (targets: readonly number[], parent?: Candidate): CandidatePlan[] =>
  targetNames(prefixOf('channel-pruning', parent?.id), targets).map((id, i) => ({
    id,
    technique: 'channel-pruning',
    parent: parent?.id ?? null,
    round: parent?.round ?? 0,
    asked: targets[i],
  }));
