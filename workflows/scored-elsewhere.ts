import type { DataRef, TrialModelsRequest } from '../contract/activities';
import type { MetricActivity, Technique } from '../engine/names';
import type { ArtifactRef } from '../store/artifact';
import { sentences } from './activity-labels';
import { judge } from './judge';
import { keepScores, trialModels } from './proxies';

/** The layer of a model that is scored. */
interface Subject {
  readonly of: string;
  readonly technique: Technique;
  readonly layer: string;
  /** Number of the layer, from 0. */
  readonly at: number;
}

/**
 * Has an activity of the user's judge a model with one layer compressed, at each ratio in turn, on the whole split, and puts its
 * points in place of the layer's scores; the output errors stay.
 */
export async function scoredElsewhere(
  { of, technique, layer, at }: Subject,
  request: TrialModelsRequest,
  { metric, evaluate: data }: { readonly metric: MetricActivity; readonly evaluate: DataRef },
): Promise<ArtifactRef> {
  const { compute, scored } = request;
  const trials = await trialModels.executeWithOptions(sentences.trialModels(of, technique, layer, at), [
    request,
  ]);
  const points: { units: number; points: number }[] = [];
  for (const { units, model } of trials) {
    const called = sentences.judgeLayer(of, technique, layer, at, units, metric.activity);
    const { value } = await judge(called, { model, data, metric, compute });
    points.push({ units, points: value });
  }
  return keepScores.executeWithOptions(sentences.keepScores(of, technique, layer, at), [{ scored, points }]);
}
