import type { HeartbeatDetails } from '../contract/activities';
import type { Result } from '../run-spec/result-schema';
import type { GuidebookProgress } from '../contract/run';

/** What a candidate that is being made is at. */
export interface Doing {
  readonly activity: string;
  /** The last heartbeat, where there was one. */
  readonly at?: HeartbeatDetails;
  /** 1, or more where it is tried again. */
  readonly attempt: number;
}

/** The run's progress, and what each running candidate is at, by its id. */
export type LiveProgress = GuidebookProgress & { readonly doing: Readonly<Record<string, Doing>> };

/** How a run ended. */
export interface RunEnd {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';
  /** What result.json holds, of a completed run. */
  readonly result?: Result;
  /** Why, of one that did not complete. */
  readonly reason?: string;
  /** What `handle.result()` throws, of one that did not complete. */
  readonly error?: Error;
}

/** What is known of a run at a moment. */
export interface Observation {
  readonly workflowId: string;
  /** Another one after a reset; undefined while nothing was heard of the run. */
  readonly runId?: string;
  /** As it was when the run was last heard of. */
  readonly progress?: LiveProgress;
  /** What keeps it from being heard of now: the Temporal server does not answer, or no worker does. */
  readonly silent?: 'server' | 'worker';
  readonly end?: RunEnd;
}
