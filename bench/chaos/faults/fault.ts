import type { Fleet } from '../fleet';
import type { PendingActivity, Sample } from '../observer';
import type { PlannedFault } from '../schedule';

/** A fault that was caused. */
export interface Caused {
  /** What was hit, for the log. */
  readonly hit: string;
  /** Resolves when the outage is over: what was stopped, cut or filled works again. */
  readonly over: Promise<void>;
  /** How it is told that the runs have recovered. */
  readonly recovery: Recovery;
}

/**
 * `activities`: once those that the fault has hit are done or heartbeat again, anew after the fault began or, where nothing can
 * go on before, after the outage. `restored`: once what was lost is there again; nothing waits for it, since it may never be
 * asked for.
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
  /** What is done, for the table. */
  readonly title: string;
  /** How the runs get over it, for the table. */
  readonly remedy: string;
  /** Causes it; undefined where there is nothing to hit now. */
  cause(fleet: Fleet, plan: PlannedFault, now: Sample): Promise<Caused | undefined>;
}

/** All activities that a worker is at. */
export const everyActivity: Recovery = { by: 'activities', hit: ({ started }) => started, from: 'end' };
