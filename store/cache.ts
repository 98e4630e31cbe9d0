import { homedir } from 'node:os';
import { join } from 'node:path';

import type { Rooms } from './rooms';
import type { Item } from './store';

const standardBytes = 20 * 2 ** 30;

/** Returns the folder of everything that could be fetched again: `SLIMFLOW_CACHE`, or `~/.cache/slimflow`. */
export const cachesFolder = (): string =>
  process.env.SLIMFLOW_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slimflow');

/** Returns the most bytes that a cache may hold: `SLIMFLOW_CACHE_BYTES`, or 20 GiB. */
export const standardCacheBytes = (): number => Number(process.env.SLIMFLOW_CACHE_BYTES ?? standardBytes);

/**
 * Removes from a local folder of copies what was not used since `olderThan` (ms since 1970), least recently used first,
 * until the rest is within `limit` bytes. What is in use stays, so the limit is soft.
 */
export async function trim(rooms: Rooms, limit: number, olderThan: number): Promise<void> {
  const items: Item[] = [];
  for await (const item of rooms.items('objects', 'checkpoints')) items.push(item);
  let left = items.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const item of items.sort((a, b) => a.time - b.time)) {
    if (left <= limit) return;
    if (await rooms.remove(item, olderThan)) left -= item.bytes;
  }
}
