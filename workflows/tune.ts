import { type ActivityOptions, ApplicationFailure } from '@temporalio/workflow';

import type { FineTunedModel, FineTuneRequest } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import type { UserActivity } from '../engine/names';
import { ask, fineTune, keepTraining, lendTraining, summary } from './proxies';

/** Longest that a training may take, if the spec does not say. */
const trainingTimeout = '24h';

/** A model to be trained further, and how. */
export interface Tuning extends FineTuneRequest {
  /** An activity of the user's that trains. */
  readonly by?: UserActivity;
}

/**
 * Trains a model further: by Slimflow's own activity, or by one of the user's, whose model is compared with the given one
 * before anybody uses it.
 */
export async function tune(called: ActivityOptions, { by, ...request }: Tuning): Promise<FineTunedModel> {
  if (!by) return fineTune.executeWithOptions(called, [request]);
  const asked = { model: request.model, teacher: request.teacher ?? request.model, data: request.data, by };
  const { known, question } = await lendTraining.executeWithOptions(
    summary(`Share files with activity ${by.activity}`),
    [asked],
  );
  if (known) return known;
  if (!question)
    throw ApplicationFailure.nonRetryable('lendTraining: there is no question', failureTypes.InvalidRequest);
  const answer = await ask(called, { timeout: trainingTimeout, ...by }, question);
  return keepTraining.executeWithOptions(summary(`Check the model of activity ${by.activity}`), [
    { ...asked, answer },
  ]);
}
