import type { HeartbeatDetails, Setbacks } from '../contract/activities';

export const none: Setbacks = { crashed: 0, stalled: 0, outOfMemory: 0, lost: 0 };

/** How often each may befall work that does not get on before it is given up. */
export const limits: Setbacks & { readonly attempts: number } = {
  crashed: 3,
  stalled: 3,
  // The second try is alone on its worker.
  outOfMemory: 2,
  // Workers are also stopped by people, updates and spot markets: only many in a row speak against the work.
  lost: 10,
  /** Tries of work that fails for a reason that nobody foresaw. */
  attempts: 50,
};

/**
 * What befell the attempts before this one, from what the last of them told of itself.
 * @param attempt 1 is the first
 */
export function setbacksBefore(details: HeartbeatDetails | undefined, attempt: number): Setbacks {
  if (attempt <= 1) return none;
  const known = details?.setbacks ?? none;
  // An attempt that ends in good order says so last.
  if (details?.over) return known;
  // With a new checkpoint, it got on: nothing that was before counts.
  const gotOn = details?.checkpoint !== undefined && details.checkpoint.sha256 !== details.since;
  return gotOn ? { ...none, lost: 1 } : { ...known, lost: known.lost + 1 };
}
