import type { HeartbeatDetails, Setbacks } from '../contract/activities';

export const none: Setbacks = { crashed: 0, stalled: 0, outOfMemory: 0, lost: 0 };

/** Setbacks of each kind that work without progress may have before it fails for good. */
export const limits: Setbacks & { readonly attempts: number } = {
  crashed: 3,
  stalled: 3,
  // The second try is alone on its worker.
  outOfMemory: 2,
  // Workers are also stopped by people, updates and spot markets: only many in a row mean that the work is at fault.
  lost: 10,
  /** Attempts at work that fails for a reason that nobody foresaw. */
  attempts: 50,
};

/**
 * Counts the setbacks of the attempts before this one, from the last one's heartbeat.
 * @param attempt 1 is the first
 */
export function setbacksBefore(details: HeartbeatDetails | undefined, attempt: number): Setbacks {
  if (attempt <= 1) return none;
  const known = details?.setbacks ?? none;
  // An attempt that ends normally says so in its last heartbeat.
  if (details?.over) return known;
  // A new checkpoint is progress: earlier setbacks no longer count.
  const gotOn = details?.checkpoint !== undefined && details.checkpoint.sha256 !== details.since;
  return gotOn ? { ...none, lost: 1 } : { ...known, lost: known.lost + 1 };
}
