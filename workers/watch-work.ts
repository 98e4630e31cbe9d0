import type { Context } from '@temporalio/activity';
import type { ActivityInterceptors } from '@temporalio/worker';

import { wasKnown } from '../activities/from-store';
import { type Ending, endingOf, endingText } from './work-events';
import { countBegin, countEnd } from './work-metrics';

/**
 * Makes interceptors that log one line when an activity begins and one when it ends, with its workflow's and its own ids,
 * and count both in the metrics of the SDK's runtime.
 */
export const watchWork =
  (activities: readonly string[]) =>
  (context: Context): ActivityInterceptors => {
    const { activityType, attempt, currentAttemptScheduledTimestampMs: scheduled } = context.info;
    if (!activities.includes(activityType)) return {};
    return {
      inbound: {
        async execute(input, next) {
          const begun = performance.now();
          const end = (ending: Ending) => {
            const seconds = (performance.now() - begun) / 1000;
            const { level, text } = endingText(activityType, ending, seconds);
            context.log[level](text, { seconds: Number(seconds.toFixed(3)), ending: ending.state });
            countEnd(context.metricMeter, ending, seconds);
          };
          context.log.info(`${activityType} begins${attempt > 1 ? `, attempt ${attempt}` : ''}`);
          countBegin(context.metricMeter, Math.max(0, Date.now() - scheduled) / 1000);
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
