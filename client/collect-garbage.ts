import type { Client } from '@temporalio/client';

import { removeGarbage } from '../store/remove-garbage';
import type { Item, Store } from '../store/store';
import { workflowArtifacts } from './gc-roots';

/** Options of `collectGarbage`. */
export interface GarbageOptions {
  /** Days for which everything is kept that was written or used; 7 by default. At least two hours are kept. */
  readonly keepDays?: number;
  /** Only lists what would be removed. */
  readonly dryRun?: boolean;
}

const dayMs = 86_400_000;
/** Items used in the last two hours are never removed: work in progress may be about to refer to them. */
const leastMs = dayMs / 12;

/**
 * Removes from a store what no workflow needs, as `slimflow gc` does. Needed is everything that can be reached from a
 * workflow that the client's namespace still lists, running or ended; if a history can't be read, nothing is removed.
 *
 * @param client a client of the namespace that holds all runs with this store: artifacts of others look like garbage
 * @returns what was removed, or would be
 * @throws ServiceError if the server can't be reached, Error if a history can't be decoded (both before anything is
 *   removed), StoreError if the store fails
 * @example
 * ```ts
 * import { collectGarbage, openStore } from 'slimflow';
 *
 * const garbage = await collectGarbage(client, openStore('store'), { keepDays: 30, dryRun: true });
 * console.log(garbage.reduce((sum, { bytes }) => sum + bytes, 0), 'bytes');
 * ```
 */
export async function collectGarbage(
  client: Client,
  store: Store,
  { keepDays = 7, dryRun = false }: GarbageOptions = {},
): Promise<Item[]> {
  const olderThan = Date.now() - Math.max(leastMs, keepDays * dayMs);
  return removeGarbage(store, () => workflowArtifacts(client), { olderThan, dryRun });
}
