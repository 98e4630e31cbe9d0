import type { HeartbeatDetails } from '../contract/activities';
import type { Result } from '../run-spec/result-schema';
import type { GuidebookProgress } from '../contract/run';

/** Progress of a candidate in the making. */
export interface Doing {
  readonly activity: string;
  /** The last heartbeat, if there was one. */
  readonly at?: HeartbeatDetails;
  /** 1, or more if it is being retried. */
  readonly attempt: number;
}

/** The run's progress, and that of each running candidate, by its id. */
export type LiveProgress = GuidebookProgress & { readonly doing: Readonly<Record<string, Doing>> };

/** End of a run. */
export interface RunEnd {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';
  /** Content of result.json, for a completed run. */
  readonly result?: Result;
  /** The reason, for one that did not complete. */
  readonly reason?: string;
  /** The error that `handle.result()` throws, for one that did not complete. */
  readonly error?: Error;
}

/** Everything known of a run at one moment. */
export interface Observation {
  readonly workflowId: string;
  /** Changes with a reset; undefined until the run has been reached. */
  readonly runId?: string;
  /** As of when the run was last reached. */
  readonly progress?: LiveProgress;
  /** Why nothing is known now: the Temporal server does not answer, or no worker does. */
  readonly silent?: 'server' | 'worker';
  readonly end?: RunEnd;
}
