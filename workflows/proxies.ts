import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';

import type { Activities } from '../activities/types';
import { mended } from './mended';

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
  retry,
});

/** What trains: for as long as it takes. */
const training = proxyActivities<Activities>({
  startToCloseTimeout: '60 days',
  heartbeatTimeout,
  cancellationType,
  retry,
});

/** What the store loses of their results is made again. */
export const { analyze, evaluate, scoreLayer, collectScores, latency, compress, fineTune } = mended({
  analyze: work.analyze,
  evaluate: work.evaluate,
  scoreLayer: work.scoreLayer,
  collectScores: work.collectScores,
  latency: work.latency,
  compress: training.compress,
  fineTune: training.fineTune,
});

/** The options of one call: what the Temporal UI shows beside it. */
export const summary = (...words: string[]) => {
  const text = words.join(' · ');
  return { summary: text.length > 150 ? `${text.slice(0, 149)}…` : text };
};
