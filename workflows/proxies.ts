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
import { regenerating } from './regenerate-lost';
import { type HandedOn, queueKindFor, queueOf, type QueueKind } from '../contract/task-queues';
import type { UserActivity } from '../engine/names';
import type { Duration } from '../run-spec/duration-schema';
import { visible } from '../engine/visible';

/** A dead worker is noticed within this time; one whose event loop is blocked for most of it is not taken for dead. */
const heartbeatTimeout = '25s';
/** A cancelled run is over when its work has stopped, not before. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
/**
 * Input errors are marked non-retryable by the activities. Retryable ones set their own delay, with jitter; this policy
 * is for lost workers. The activities decide when to give up (`activities/setbacks.ts`): a store that is full for a
 * night must not end a run.
 */
const retry = {
  initialInterval: '1s',
  backoffCoefficient: 2,
  maximumInterval: '1 minute',
};

/**
 * A dead worker is noticed by its silence. Work that hangs is noticed by its worker, which compares it with how long
 * the work's own units took. So the time allowed for the whole work can be long.
 */
const proxies = proxyActivities<Activities>({
  startToCloseTimeout: '1 day',
  heartbeatTimeout,
  cancellationType,
  retry,
});
/** Short ones, which don't say how far they are. */
const light = proxyActivities<Pick<Activities, 'lend' | 'keepAnswer' | 'lendTraining'>>({
  startToCloseTimeout: '15 minutes',
  cancellationType,
  retry,
});
/** Activities that train may take as long as they need. */
const training = proxyActivities<Activities>({
  startToCloseTimeout: '60 days',
  heartbeatTimeout,
  cancellationType,
  retry,
});

/**
 * Activities that don't start during a pause, run on the queue that the spec asks for, and regenerate what the store
 * lost.
 */
export const {
  importSpec,
  analyze,
  listParts,
  collectScores,
  lend,
  keepAnswer,
  lendTraining,
  keepTraining,
  evaluate,
  scoreLayer,
  trialModels,
  keepScores,
  latency,
  compress,
  fineTune,
} = regenerating({
  importSpec: unlessPaused(training.importSpec),
  analyze: unlessPaused(proxies.analyze),
  listParts: unlessPaused(proxies.listParts),
  collectScores: unlessPaused(proxies.collectScores),
  lend: unlessPaused(light.lend),
  keepAnswer: unlessPaused(light.keepAnswer),
  lendTraining: unlessPaused(light.lendTraining),
  keepTraining: unlessPaused(proxies.keepTraining),
  evaluate: byNeed(unlessPaused(proxies.evaluate)),
  scoreLayer: byNeed(unlessPaused(proxies.scoreLayer)),
  trialModels: byNeed(unlessPaused(proxies.trialModels)),
  keepScores: unlessPaused(proxies.keepScores),
  latency: onDevice(unlessPaused(proxies.latency)),
  compress: byNeed(unlessPaused(training.compress)),
  fineTune: byNeed(unlessPaused(training.fineTune)),
});

/** Longest that an activity of the user's may take, if the spec does not say. */
const foreignTimeout = '2h';
/** Most attempts at it: nobody but its author knows which of its errors would pass. */
const foreignAttempts = 10;

/** Asks an activity of the user's, on its own task queue; not while the run is paused. */
export async function ask(
  options: ActivityOptions,
  { activity, taskQueue, timeout = foreignTimeout, heartbeat }: Omit<UserActivity, 'version'>,
  question: unknown,
): Promise<unknown> {
  await untilResumed();
  const foreign = proxyActivities<Record<string, (question: unknown) => Promise<unknown>>>({
    taskQueue,
    startToCloseTimeout: timeout as Duration,
    ...(heartbeat !== undefined && { heartbeatTimeout: heartbeat as Duration }),
    cancellationType: heartbeat === undefined ? ActivityCancellationType.TRY_CANCEL : cancellationType,
    retry: { ...retry, maximumAttempts: foreignAttempts },
  });
  return foreign[activity].executeWithOptions(options, [question]);
}

/** The options of one call: what the Temporal UI shows beside it. */
export const summary = (...words: string[]) => {
  const text = visible(words.join(' · '));
  return { summary: text.length > 150 ? `${text.slice(0, 149)}…` : text };
};

/** Queues that this workflow's calls ask for. Every workflow execution has modules of its own. */
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
 * Runs an activity on the task queue that its compute settings ask for. Work that a worker hands on because it is too
 * large for that worker runs on the queue for large work.
 */
function byNeed<Request extends { readonly compute: object }, Result>(
  activity: Callable<Request, Result>,
): Callable<Request, Result> {
  return {
    async executeWithOptions(options, [request]) {
      // Work that is rerun was stored without its queues: it runs where the work that needs it does.
      const { queues = asked, ...compute } = request.compute as Compute;
      asked = queues;
      const on = (kind: QueueKind | undefined) => {
        const taskQueue = queueOf(workflowInfo().taskQueue, kind);
        // Results are cached independently of where they were computed.
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

/** Runs an activity on the task queue of the device that its request names; as `byNeed` does if it names none. */
function onDevice<Request extends { readonly compute: object; readonly taskQueue?: string }, Result>(
  activity: Callable<Request, Result>,
): Callable<Request, Result> {
  const here = byNeed(activity);
  return {
    executeWithOptions(options, [request]) {
      const { taskQueue } = request;
      if (taskQueue === undefined) return here.executeWithOptions(options, [request]);
      const { queues: _queues, ...compute } = request.compute as Compute;
      return activity.executeWithOptions({ ...options, taskQueue }, [{ ...request, compute }]);
    },
  };
}

/** The kind of queue that a worker hands work on to because it needs more memory; undefined for any other failure. */
function handedOnTo(error: unknown): QueueKind | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const [told] = (cause instanceof ApplicationFailure && cause.details) || [];
  return (told as Partial<HandedOn> | undefined)?.queue;
}
