import type { MetricMeter } from '@temporalio/common';

import { metricNames } from '../contract/metrics';
import type { Ending } from './work-events';

/** Counts an attempt at an activity that begins. @param waited time in seconds since it was scheduled */
export const countBegin = (meter: MetricMeter, waited: number): void =>
  meter
    .createHistogram(
      metricNames.waitSeconds,
      'float',
      'seconds',
      'time between being scheduled and being begun',
    )
    .record(waited);

/** Counts an attempt that ended. @param seconds its duration */
export function countEnd(meter: MetricMeter, ending: Ending, seconds: number): void {
  const state = ending.state === 'done' && ending.known ? 'known' : ending.state;
  const tags = { ending: state };
  meter.createCounter(metricNames.jobs, undefined, 'attempts at activities that ended').add(1, tags);
  meter
    .createHistogram(metricNames.jobSeconds, 'float', 'seconds', 'duration of attempts at activities')
    .record(seconds, tags);
  if ('type' in ending)
    meter
      .createCounter(metricNames.failures, undefined, 'attempts that failed, by type')
      .add(1, { failure_type: ending.type, final: String(ending.state === 'failed') });
}
