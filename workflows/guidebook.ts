import { ApplicationFailure, defineQuery, setHandler, upsertMemo } from '@temporalio/workflow';

import type { Technique } from '../engine/jobs/method';
import type { Result } from '../spec/result';
import { alone } from './alone';
import { baseline } from './baseline';
import { channelPruning } from './channel-pruning';
import { decomposition } from './decomposition';
import { measure } from './measure';
import { Run } from './run';
import { scoredSignal } from './score-model';
import { selection } from './selection';
import type { Candidate, GuidebookInput, GuidebookProgress, Original } from './types';

/** How far a guidebook run is. */
export const progressQuery = defineQuery<GuidebookProgress>('progress');

/** AIMET's guidebook, from the original model to the selected one; its result is the content of result.json. */
export async function guidebook(input: GuidebookInput): Promise<Result> {
  const run = new Run(input);
  setHandler(progressQuery, () => run.progress());
  setHandler(scoredSignal, (progress) => run.scoring(progress));

  const original = await baseline(run); // step 0; step 1, C and X, is the spec's
  const { candidates, picks } = await compressed(run, original); // steps 2 to 4
  if (!candidates.length)
    throw ApplicationFailure.nonRetryable(
      `no candidate came about: ${run.failed.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}`,
      'NoCandidate',
    );
  const result = await selection(run, original, await measure(run, candidates), picks); // step 5

  const { outcome, selected, final } = result;
  upsertMemo({ outcome, selected, final });
  return result;
}

/** The candidates of all techniques asked for, and the ids of the picks among them. */
async function compressed(
  run: Run,
  original: Original,
): Promise<{ candidates: readonly Candidate[]; picks: readonly string[] }> {
  const applies = (technique: Technique) => original.layers[technique] > 0;
  const all = run.input.settings.techniques.filter(applies);
  const decompositions = all.filter((technique) => technique !== 'channel-pruning');
  run.input.settings.techniques
    .filter((technique) => !applies(technique))
    .forEach((technique) => run.note(`the model has no layer that ${technique} can compress`));
  if (all.length === 1) return { candidates: await alone(run, original, all[0]), picks: [] };

  const { candidates, picks } = await decomposition(run, original, decompositions);
  if (decompositions.length === all.length) return { candidates, picks: picks.map(({ id }) => id) };
  const pruned = await channelPruning(run, original, picks);
  return { candidates: [...candidates, ...pruned], picks: picks.map(({ id }) => id) };
}
