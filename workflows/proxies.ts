import {
  ActivityCancellationType,
  type ActivityFunctionWithOptions,
  type ActivityOptions,
  proxyActivities,
} from '@temporalio/workflow';

import type { Activities } from '../activities/types';
import { untilResumed } from './gate';

const heartbeatTimeout = '12s';
/** A cancelled run is over when its work has stopped, not before. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
/** Errors of the input are not retried, whatever this says: the activities mark them. A lost worker counts as a try. */
const retry = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
  maximumAttempts: 50,
};

/** A dead worker is noticed by its silence, so the time for the whole work can be long. */
const work = proxyActivities<Activities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout,
  cancellationType,
  retry,
});
/** What trains: for as long as it takes. */
const training = proxyActivities<Activities>({
  startToCloseTimeout: '60 days',
  heartbeatTimeout,
  cancellationType,
  retry,
});

/** An activity that is not started while the run is paused. */
const unlessPaused = <Name extends keyof Activities>(
  activity: ActivityFunctionWithOptions<Activities[Name]>,
) => ({
  executeWithOptions: async (
    options: ActivityOptions,
    args: Parameters<Activities[Name]>,
  ): Promise<Awaited<ReturnType<Activities[Name]>>> => {
    await untilResumed();
    return activity.executeWithOptions(options, args);
  },
});

export const analyze = unlessPaused<'analyze'>(work.analyze);
export const evaluate = unlessPaused<'evaluate'>(work.evaluate);
export const scoreLayer = unlessPaused<'scoreLayer'>(work.scoreLayer);
export const collectScores = unlessPaused<'collectScores'>(work.collectScores);
export const latency = unlessPaused<'latency'>(work.latency);
export const compress = unlessPaused<'compress'>(training.compress);
export const fineTune = unlessPaused<'fineTune'>(training.fineTune);

/** The options of one call: what the Temporal UI shows beside it. */
export const summary = (...words: string[]) => {
  const text = words.join(' · ');
  return { summary: text.length > 150 ? `${text.slice(0, 149)}…` : text };
};
