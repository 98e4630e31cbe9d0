import { z } from 'zod';

import type { MetricActivity as NamedMetric, UserActivity as Named } from '../engine/names';
import { Duration } from './duration-schema';

/** Name of a Temporal task queue; the server keeps those that begin so for itself. */
export const TaskQueue = z
  .string()
  .min(1)
  .max(200)
  .refine((name) => !name.startsWith('/_sys/'), 'must not begin with /_sys/');

/** A Temporal activity of the user's. */
export const UserActivity = z.strictObject({
  activity: z.string().min(1).max(200),
  taskQueue: TaskQueue,
  /** Results are kept under it. */
  version: z.number().int().nonnegative(),
  /** Longest time that one attempt may take. */
  timeout: Duration.optional(),
  /** Longest silence between two heartbeats; left out, none are expected. */
  heartbeat: Duration.optional(),
  /** Handed on to the activity. */
  settings: z.record(z.string(), z.unknown()).optional(),
}) satisfies z.ZodType<Named>;

/** A Temporal activity of the user's that is a metric. */
export const MetricActivity = UserActivity.extend({
  /** True has layers scored by it too, once for each ratio. */
  scores: z.boolean().optional(),
}) satisfies z.ZodType<NamedMetric>;
