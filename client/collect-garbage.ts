import type { Client } from '@temporalio/client';

import { removeGarbage } from '../store/remove-garbage';
import type { Item, Store } from '../store/store';
import { type Unread, workflowRoots } from './gc-roots';

/** Options of `collectGarbage`. */
export interface GarbageOptions {
  /** Days for which everything is kept that was written or used; 7 by default. At least two hours are kept. */
  readonly keepDays?: number;
  /** Only lists what would be removed. */
  readonly dryRun?: boolean;
  /**
   * Namespaces whose needs count, beside the client's and those that the server lists: needed where a server lists none,
   * as Temporal Cloud.
   */
  readonly namespaces?: readonly string[];
}

/** Result of `collectGarbage`. */
export interface Garbage {
  /** Items that were removed, or would be. */
  readonly removed: readonly Item[];
  /** Items that nobody seems to need, kept because something could not be read. */
  readonly kept: readonly Item[];
  /** Workflows, schedules and namespaces that could not be read, and why. */
  readonly unread: readonly Unread[];
  /** Namespaces that were looked at. */
  readonly namespaces: readonly string[];
}

const dayMs = 86_400_000;
/** Items used in the last two hours are never removed: work in progress may be about to refer to them. */
const leastMs = dayMs / 12;

/**
 * Removes from a store what no workflow and no schedule needs, as `slimflow gc` does. Needed is everything that can be
 * reached from a workflow that the server still lists, running or ended, or from a schedule, in any of its namespaces.
 * If one of them can't be read, nothing that it might need is removed.
 *
 * @param client a client of the server that holds all runs with this store: artifacts of others look like garbage
 * @throws ServiceError if the server can't be reached (before anything is removed), StoreError if the store fails
 * @example
 * ```ts
 * import { collectGarbage, openStore } from 'slimflow';
 *
 * const { removed } = await collectGarbage(client, openStore('store'), { keepDays: 30, dryRun: true });
 * console.log(removed.reduce((sum, { bytes }) => sum + bytes, 0), 'bytes');
 * ```
 */
export async function collectGarbage(
  client: Client,
  store: Store,
  { keepDays = 7, dryRun = false, namespaces }: GarbageOptions = {},
): Promise<Garbage> {
  const olderThan = Date.now() - Math.max(leastMs, keepDays * dayMs);
  let roots: Awaited<ReturnType<typeof workflowRoots>> | undefined;
  const findRoots = async () => {
    roots = await workflowRoots(client, namespaces);
    return { artifacts: roots.artifacts, complete: roots.unread.length === 0 };
  };
  const collected = await removeGarbage(store, findRoots, { olderThan, dryRun });
  return { ...collected, unread: roots?.unread ?? [], namespaces: roots?.namespaces ?? [] };
}
