import { type ActivityOptions, ApplicationFailure } from '@temporalio/workflow';

import type { Compute, DataRef } from '../contract/activities';
import { type AskedMetric, isActivityMetric } from '../contract/metric';
import { failureTypes } from '../contract/failure-types';
import type { Evaluation } from '../engine/jobs/types';
import type { ArtifactRef } from '../store/artifact';
import { ask, evaluate, keepAnswer, lend, summary } from './proxies';

/** A model to be judged, and how. */
export interface Judging {
  readonly model: ArtifactRef;
  readonly data: DataRef;
  readonly metric: AskedMetric<ArtifactRef>;
  readonly compute: Compute;
}

/**
 * Computes the metric of a model: by Slimflow's own activity, or by one of the user's, in whatever language, which gets
 * files that it can read and is asked the same question only once.
 */
export async function judge(
  called: ActivityOptions,
  { model, data, metric, compute }: Judging,
): Promise<Evaluation> {
  if (!isActivityMetric(metric))
    return evaluate.executeWithOptions(called, [{ model, data, metric, compute }]);
  const request = { model, data, metric };
  const { known, question } = await lend.executeWithOptions(
    summary(`Share files with activity ${metric.activity}`),
    [request],
  );
  if (known) return known;
  if (!question)
    throw ApplicationFailure.nonRetryable('lend: there is no question', failureTypes.InvalidRequest);
  const answer = await ask(called, metric, question);
  return keepAnswer.executeWithOptions(summary(`Check the answer of activity ${metric.activity}`), [
    { ...request, answer },
  ]);
}
