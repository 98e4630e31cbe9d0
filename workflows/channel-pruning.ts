import { CancellationScope, isCancellation } from '@temporalio/workflow';

import type { Analysis } from '../activities/types';
import { makeCandidates } from './candidates';
import { analysisOf, prefixOf } from './method';
import { analyze } from './proxies';
import { reasonOf } from './reason';
import { isAtTarget, pruningTargets, targetNames } from './rules/targets';
import type { Run } from './run';
import { scores } from './scores';
import { sentences } from './sentences';
import { together } from './together';
import type { Candidate, CandidatePlan, Original } from './types';

/** Step 4: each pick is pruned to a few targets around C / c(pick), and fine-tuned; all side by side. */
export async function channelPruning(
  run: Run,
  original: Original,
  picks: readonly Candidate[],
): Promise<Candidate[]> {
  run.stage('channel pruning');
  const pruned = await together(picks.map((pick) => prune(run, original, pick)));
  return pruned.flat();
}

async function prune(run: Run, original: Original, pick: Candidate): Promise<Candidate[]> {
  const { settings } = run.input;
  const { target, ccpFactors } = settings;
  if (isAtTarget(target, pick.achieved))
    run.note(`${pick.id} is at the target already: it goes on unpruned as well`);
  const targets = pruningTargets(target, pick.achieved, ccpFactors);
  if (!targets.length) return [];
  try {
    const analysis = await analyze.executeWithOptions(sentences.analyze(pick.id), [
      { model: pick.model, ...analysisOf(settings) },
    ]);
    return await pruneTo(run, original, analysis, targets, pick);
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    run.note(`channel pruning of ${pick.id} was given up: ${reasonOf(error)}`);
    return [];
  }
}

/** Prunes a candidate, or the original (no `parent`), to each of `targets`. */
export async function pruneTo(
  run: Run,
  original: Original,
  analysis: Pick<Analysis, 'parts'>,
  targets: readonly number[],
  parent?: Candidate,
): Promise<Candidate[]> {
  const { model } = parent ?? run.input;
  if (!analysis.parts.some(({ technique }) => technique === 'channel-pruning'))
    throw new Error('it has no layer that channel pruning can compress');
  const name = parent?.id ?? 'original';
  const from = { ...analysis, model, scores: await scores(run, name, model, analysis, 'channel-pruning') };
  const plans = targetNames(prefixOf('channel-pruning', parent?.id), targets).map((id, i): CandidatePlan => ({
    id,
    technique: 'channel-pruning',
    parent: parent?.id ?? null,
    round: parent?.round ?? 0,
    asked: targets[i],
  }));
  return makeCandidates(run, original, plans, from, parent?.achieved);
}
