import type { Fleet } from '../fleet';
import type { PendingActivity, Sample } from '../observer';
import type { PlannedFault } from '../schedule';

/** A fault that was caused. */
export interface Caused {
  /** The target that was hit, for the log. */
  readonly hit: string;
  /** Resolves when the outage is over: what was stopped, cut or filled works again. */
  readonly over: Promise<void>;
  /** The sign that the runs have recovered. */
  readonly recovery: Recovery;
}

/**
 * `activities`: once those that the fault has hit are done or heartbeat again, after the fault began or, if nothing can
 * continue before that, after the outage. `restored`: once what was lost is there again; nothing waits for it, since it
 * may never be requested.
 */
export type Recovery =
  | {
      readonly by: 'activities';
      readonly hit: (activity: PendingActivity) => boolean;
      readonly from: 'beginning' | 'end';
    }
  | { readonly by: 'restored'; readonly isRestored: () => Promise<boolean> };

/** One kind of fault: a file of this folder each. */
export interface Fault {
  /** Description of the fault, for the table. */
  readonly title: string;
  /** Description of the recovery, for the table. */
  readonly remedy: string;
  /** Causes it; undefined if there is nothing to hit now. */
  cause(fleet: Fleet, plan: PlannedFault, now: Sample): Promise<Caused | undefined>;
}

/** All activities that a worker is working on. */
export const everyActivity: Recovery = { by: 'activities', hit: ({ started }) => started, from: 'end' };
