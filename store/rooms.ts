import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { namesIn, type ObjectFolder } from './object-folder';
import { ignoreMissing } from './files';
import { pathIn } from './checked-names';
import { isLeft } from './scratch';
import type { Item, Room } from './store';

/** The rooms of a local folder other than that of its objects: lists their contents and removes them. */
export class Rooms {
  constructor(
    private readonly root: string,
    private readonly objects: ObjectFolder,
  ) {}

  /** Yields the contents of rooms. */
  async *items(...rooms: readonly Room[]): AsyncIterable<Item> {
    for (const room of rooms)
      if (room === 'objects') yield* this.objects.items();
      else
        for (const file of await namesIn(join(this.root, room))) {
          if (file.startsWith('.')) continue;
          const item = await this.item(room, noteRooms.includes(room) ? file.replace(/\.json$/, '') : file);
          if (item) yield item;
        }
  }

  /** Removes an item unless it was used since `olderThan`, and returns whether it did. */
  async remove({ room, name }: Item, olderThan: number): Promise<boolean> {
    const now = await this.item(room, name);
    if (!now || now.time >= olderThan) return false;
    if (room === 'scratch' && !isLeft(name)) return false;
    if (room === 'objects') await this.objects.discard(name);
    else await rm(this.pathOf(room, name), { recursive: true, force: true });
    return true;
  }

  private async item(room: Room, name: string): Promise<Item | undefined> {
    if (room === 'objects') return this.objects.item(name);
    const [bytes, time] = await extent(this.pathOf(room, name));
    return time ? { room, name, bytes, time } : undefined;
  }

  private pathOf(room: Room, name: string): string {
    return pathIn(this.root, `${room}/${noteRooms.includes(room) ? `${name}.json` : name}`);
  }
}

const noteRooms: readonly Room[] = ['results', 'imports'];

/** Returns the bytes of a file or folder, and when any of it was last written; zeros if it is gone. */
async function extent(path: string): Promise<[bytes: number, time: number]> {
  const at = await stat(path).catch(ignoreMissing);
  if (!at) return [0, 0];
  if (!at.isDirectory()) return [at.size, at.mtimeMs];
  const inside = await Promise.all(
    ((await readdir(path).catch(ignoreMissing)) ?? []).map((name) => extent(join(path, name))),
  );
  return [
    inside.reduce((sum, [bytes]) => sum + bytes, 0),
    Math.max(at.mtimeMs, ...inside.map(([, time]) => time)),
  ];
}
