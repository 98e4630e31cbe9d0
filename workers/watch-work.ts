import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

import { wasKnown } from '../activities/from-store';
import { type Ending, endingOf, endingText } from './work-events';

/** An attempt at an activity, as those see it who count. */
export interface Attempted {
  readonly activity: string;
  readonly taskQueue: string;
  readonly attempt: number;
  /** Time in seconds between being scheduled and being begun. */
  readonly waited: number;
}

/** A counter of work, such as metrics. */
export interface WorkCounter {
  begins(work: Attempted): void;
  ends(work: Attempted, ending: Ending, seconds: number): void;
}

/**
 * Makes interceptors that log one line when an activity begins and one when it ends, with its workflow's and its own ids,
 * and report both.
 */
export const watchWork =
  (activities: readonly string[], counter?: WorkCounter) =>
  (context: Context): ActivityInterceptors => {
    const { activityType, taskQueue, attempt, currentAttemptScheduledTimestampMs } = context.info;
    if (!activities.includes(activityType)) return {};
    const work: Attempted = {
      activity: activityType,
      taskQueue,
      attempt,
      waited: Math.max(0, Date.now() - currentAttemptScheduledTimestampMs) / 1000,
    };
    return {
      inbound: {
        async execute(input, next) {
          const begun = performance.now();
          const end = (ending: Ending) => {
            const seconds = (performance.now() - begun) / 1000;
            const { level, text } = endingText(activityType, ending, seconds);
            context.log[level](text, { seconds: Number(seconds.toFixed(3)), ending: ending.state });
            counter?.ends(work, ending, seconds);
          };
          context.log.info(`${activityType} begins${attempt > 1 ? `, attempt ${attempt}` : ''}`);
          counter?.begins(work);
          try {
            const result: unknown = await next(input);
            end({ state: 'done', known: wasKnown(context) });
            return result;
          } catch (error) {
            end(endingOf(error, context.cancellationSignal.aborted));
            throw error;
          }
        },
      },
    };
  };
