import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';

import type { Activities } from '../contract/activities';
import type { CompressionSettings } from '../run-spec/spec';
import { untilResumed } from './pause';
import { mended } from './regenerate-lost';
import { type HandedOn, queueKindFor, queueOf, type QueueKind } from '../contract/task-queues';

/** A dead worker is noticed within this, and one whose event loop stands still for most of it is not taken for dead. */
const heartbeatTimeout = '25s';
/** A cancelled run is over when its work has stopped, not before. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
/**
 * Errors of the input are not retried, whatever this says: the activities mark them. Those that are come with a delay of
 * their own, which has jitter; this is for lost workers. How often is enough is the activities'
 * to say (`activities/setbacks.ts`): a store that is full for a night is no reason to give a run up.
 */
const retry = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
};

/**
 * A dead worker is noticed by its silence, and work that hangs by its worker, which goes by what the work's own units
 * took; so the time for the whole work can be long.
 */
const proxies = proxyActivities<Activities>({
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

/** Nothing starts during a pause; what is heavy goes where the spec says; what the store loses of results is made again. */
export const { analyze, listParts, collectScores, evaluate, scoreLayer, latency, compress, fineTune } =
  mended({
    analyze: unlessPaused(proxies.analyze),
    listParts: unlessPaused(proxies.listParts),
    collectScores: unlessPaused(proxies.collectScores),
    evaluate: byNeed(unlessPaused(proxies.evaluate)),
    scoreLayer: byNeed(unlessPaused(proxies.scoreLayer)),
    latency: byNeed(unlessPaused(proxies.latency)),
    compress: byNeed(unlessPaused(training.compress)),
    fineTune: byNeed(unlessPaused(training.fineTune)),
  });

/** The options of one call: what the Temporal UI shows beside it. */
export const summary = (...words: string[]) => {
  const text = words.join(' · ');
  return { summary: text.length > 150 ? `${text.slice(0, 149)}…` : text };
};

/** What this workflow's calls say of queues. Every workflow execution has modules of its own. */
let asked: CompressionSettings['compute']['queues'] = 'shared';
type Compute = Omit<CompressionSettings['compute'], 'queues'> &
  Partial<Pick<CompressionSettings['compute'], 'queues'>>;

interface Callable<Request, Result> {
  executeWithOptions(options: ActivityOptions, args: [Request]): Promise<Result>;
}

/** An activity that is not started while the run is paused. */
function unlessPaused<Request, Result>(activity: Callable<Request, Result>): Callable<Request, Result> {
  return {
    async executeWithOptions(options, args) {
      await untilResumed();
      return activity.executeWithOptions(options, args);
    },
  };
}

/**
 * An activity on the task queue that its compute settings ask for. What a worker finds too large for itself, and hands
 * on, is done on the queue for large work.
 */
function byNeed<Request extends { readonly compute: object }, Result>(
  activity: Callable<Request, Result>,
): Callable<Request, Result> {
  return {
    async executeWithOptions(options, [request]) {
      // Work that is made again was kept without its queues: it goes where the work that needs it does.
      const { queues = asked, ...compute } = request.compute as Compute;
      asked = queues;
      const on = (kind: QueueKind | undefined) => {
        const taskQueue = queueOf(workflowInfo().taskQueue, kind);
        // Where the work is done is nothing that its result depends on.
        return activity.executeWithOptions({ ...options, taskQueue }, [{ ...request, compute }]);
      };
      try {
        return await on(queueKindFor({ provider: compute.provider, queues }));
      } catch (error) {
        const kind = handedOnTo(error);
        if (kind === undefined) throw error;
        return on(kind);
      }
    },
  };
}

/** The kind of queue that a worker hands work on to because it needs more memory; undefined for any other failure. */
function handedOnTo(error: unknown): QueueKind | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const [told] = (cause instanceof ApplicationFailure && cause.details) || [];
  return (told as Partial<HandedOn> | undefined)?.queue;
}
