import type { HeartbeatDetails } from '../contract/activities';
import type { FailureType } from '../contract/failure-types';
import type { Result } from '../run-spec/result-schema';
import type { GuidebookProgress } from '../contract/run';

/** Progress of a candidate in the making. */
export interface Doing {
  readonly activity: string;
  /** The last heartbeat, if there was one. */
  readonly at?: HeartbeatDetails;
  /** 1, or more if it is being retried. */
  readonly attempt: number;
  /** Failure of the attempt before, if there was one. */
  readonly failure?: LastFailure;
  /** The worker that is doing it, or did its last attempt. */
  readonly worker?: string;
  /** ISO time of the next attempt, while it waits for that. */
  readonly nextTryAt?: string;
}

/** Failure of an attempt that is followed by another. */
export interface LastFailure {
  readonly message: string;
  /** A key of `failureTypes`, `Timeout`, or left out for a failure that is not Slimflow's. */
  readonly type?: FailureType | 'Timeout';
  /** Advice on it, if something can be done. */
  readonly fix?: string;
}

/** An activity that has not ended: a worker does it, or it waits for a worker or for its next attempt. */
export interface PendingWork extends Doing {
  /** The id of a candidate, `original`, or `run` for what concerns all of them. */
  readonly of: string;
  readonly state: 'running' | 'queued' | 'retrying';
  /** The sentence that Temporal's UI shows is in the history; this is the id of the activity. */
  readonly activityId: string;
  /** The execution that it belongs to: the run's, or a child's. */
  readonly workflowId: string;
  readonly runId: string;
  /** ISO time at which the attempt began; left out while it waits. */
  readonly startedAt?: string;
  /** ISO time of the last sign of it: its heartbeat, its start or its scheduling. */
  readonly heardAt: string;
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
  /** Activities that have not ended, of the run and its children; left out once the run has ended. */
  readonly work?: readonly PendingWork[];
  /** Seconds left of each model's scoring, by `MODEL/TECHNIQUE`, at the pace so far; left out if there is none. */
  readonly scoringLeft?: Readonly<Record<string, number>>;
  /** Why nothing is known now: the Temporal server does not answer, or no worker does. */
  readonly silent?: 'server' | 'worker';
  /** Task queue of the device that is to measure latency, if work waits for it and nothing is heard from there. */
  readonly silentDevice?: string;
  /** Activity of the user's, and its task queue, if work waits for it and nobody serves it. */
  readonly unserved?: { readonly activity: string; readonly taskQueue: string };
  readonly end?: RunEnd;
}
