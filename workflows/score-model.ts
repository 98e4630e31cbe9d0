import {
  ApplicationFailure,
  CancellationScope,
  continueAsNew,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import { failureTypes } from '../contract/failure-types';
import { checkInput } from '../contract/inputs';
import { isActivityMetric } from '../contract/metric';
import type { ArtifactRef } from '../store/artifact';
import { hearPauses, hold, paused, untilResumed } from './pause';
import { techniqueTraits } from '../engine/names';
import { collectScores, listParts, scoreLayer } from './proxies';
import { scoredElsewhere } from './scored-elsewhere';
import { sentences } from './activity-labels';
import { together } from './all-settled';
import type { ScoringInput, ScoringProgress } from '../contract/run';
import { plain } from './progress-markdown';

/** Query for the progress of a model's scoring. */
export const scoringQuery = defineQuery<ScoringProgress>('progress');
/** Tells the parent how far the scoring of a model is: twenty times a model at most. */
export const scoredSignal = defineSignal<[ScoringProgress]>('scored');

const tellings = 20;

/**
 * The eval scores of every layer of a model that a technique can compress. They do not depend on the target: one
 * artifact serves all candidates made of that model.
 *
 * A few layers are scored at a time, and the workflow continues as new before its history grows long. The scores are in
 * the store, so all it carries over is how many layers are done.
 */
export async function scoreModel(input: ScoringInput): Promise<ArtifactRef> {
  checkInput('scoreModel', input);
  const { of, technique, total, limits, before = { scored: 0 } } = input;
  const subject =
    of === 'original'
      ? techniqueTraits[technique].words
      : `${plain(of)} · ${techniqueTraits[technique].words}`;
  let done = before.scored;
  if (input.paused) hold(input.paused);
  const show = () =>
    setCurrentDetails(
      `### ${subject}\n\n${done} of ${total} layers scored${paused() ? `; paused by ${plain(paused()?.by ?? '')}` : ''}`,
    );
  setHandler(scoringQuery, () => ({ of, technique, done, total, paused: paused() }));
  hearPauses(show);
  show();

  const names = await listParts.executeWithOptions(sentences.listParts(of, technique), [
    { parts: input.parts, technique, from: before.scored, most: limits.layers },
  ]);
  // Otherwise it would continue as new for ever.
  const found = before.scored + names.length;
  if (found > total || (!names.length && found < total))
    throw ApplicationFailure.nonRetryable(
      `scoreModel: total must be the number of parts: ${total} is not, since there are ${found > total ? 'more' : 'fewer'}`,
      failureTypes.InvalidRequest,
    );
  const scored: ArtifactRef[] = [];
  let begun = 0;
  const score = async (at: number) => {
    const layer = names[at];
    scored[at] = await scoreOf(input, layer, before.scored + at); // in the model's order, whichever comes first
    done++;
    show();
    tell({ of, technique, done, total });
  };
  // A first layer always goes: a run that began none would continue as new forever.
  const hasRoom = () => {
    const { historyLength, historySize } = workflowInfo();
    return begun === 0 || (historyLength < limits.events && historySize < limits.bytes);
  };
  const lane = async () => {
    while (begun < names.length && hasRoom()) {
      if (paused()) await untilResumed();
      else await score(begun++);
    }
  };
  // One layer that fails makes the rest useless: the scope stops it.
  const scope = new CancellationScope();
  await scope.run(() =>
    together(Array.from({ length: Math.min(limits.inFlight, names.length) }, lane), () => scope.cancel()),
  );
  const scores = await collectScores.executeWithOptions(
    sentences.collectScores(of, technique, before.scored + begun),
    [{ before: before.scores, layers: scored }],
  );
  if (before.scored + begun === total) return scores;
  return continueAsNew<typeof scoreModel>({
    ...input,
    paused: paused(),
    before: { scored: before.scored + begun, scores },
  });
}

/** Scores one layer: by a metric of ours, and then by an activity of the user's if that is what the request says. */
async function scoreOf(
  { of, technique, request }: ScoringInput,
  layer: string,
  at: number,
): Promise<ArtifactRef> {
  const { metric, evaluate, samples: _samples, candidates, ...shared } = request;
  const { artifact } = await scoreLayer.executeWithOptions(
    sentences.scoreLayer(of, technique, layer, at, candidates.length),
    [{ ...request, metric: isActivityMetric(metric) ? { fidelity: request.model } : metric, layer }],
  );
  return isActivityMetric(metric)
    ? scoredElsewhere(
        { of, technique, layer, at },
        { ...shared, layer, scored: artifact },
        { metric, evaluate },
      )
    : artifact;
}

/** A parent that hears nothing is no reason to stop: it may have been terminated, and ends this workflow then. */
function tell(progress: ScoringProgress): void {
  const { parent } = workflowInfo();
  const twentieth = (done: number) => Math.floor((done * tellings) / progress.total);
  if (!parent || twentieth(progress.done) === twentieth(progress.done - 1)) return;
  getExternalWorkflowHandle(parent.workflowId)
    .signal(scoredSignal, progress)
    .catch(() => undefined);
}
