import type { Rooms } from './rooms';
import type { Item } from './store';

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
