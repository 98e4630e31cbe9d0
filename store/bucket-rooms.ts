import type { Digest } from './artifact';
import type { Bucket, BucketEntry } from './bucket';
import { bytesOf, digestOf, listName, type Member, membersIn } from './artifact-bundle';
import { checkpointsName, isDigest, isKey, objectName, resultName } from './checked-names';
import type { Item, Room } from './store';

/** An artifact as found on the server. */
interface There {
  readonly members: readonly Member[];
  /** The entry whose time records the last use. */
  readonly mark: BucketEntry;
}

/** The contents of a bucket, laid out as in a folder: `objects/`, `results/`, `checkpoints/`. */
export class BucketRooms {
  constructor(private readonly bucket: Bucket) {}

  /** Lists the files of an artifact; undefined unless all are there, at their sizes. */
  async members(ref: Digest): Promise<There | undefined> {
    const single = await this.bucket.head(objectName(ref.sha256));
    if (single)
      return single.bytes === ref.bytes ? { members: [{ name: '', ...ref }], mark: single } : undefined;
    const key = objectName(ref.sha256, listName);
    const list = await this.bucket.get(key);
    const members = list && parsed(Buffer.from(list).toString());
    if (!members?.length || digestOf(members) !== ref.sha256 || bytesOf(members) !== ref.bytes)
      return undefined;
    const entries = await Promise.all(
      members.map(({ name }) => this.bucket.head(objectName(ref.sha256, name))),
    );
    const mark = await this.bucket.head(key);
    const isWhole = entries.every((entry, at) => entry?.bytes === members[at].bytes);
    return isWhole && mark ? { members, mark } : undefined;
  }

  /** Yields everything in the bucket. */
  async *items(): AsyncIterable<Item> {
    yield* this.grouped('objects', 'objects/', 3);
    yield* this.grouped('results', 'results/', 2);
    yield* this.grouped('checkpoints', 'checkpoints/', 2);
    yield* this.grouped('placed', 'placed/', 2);
    for await (const { name, time } of this.bucket.uploads()) yield { room: 'uploads', name, bytes: 0, time };
  }

  /** Removes an item unless it was used since `olderThan`, and returns whether it did. */
  async remove(item: Item, olderThan: number): Promise<boolean> {
    if (item.room === 'uploads') {
      if (item.time >= olderThan) return false;
      await this.bucket.abort(item.name);
      return true;
    }
    let latest = 0;
    for await (const { time } of this.bucket.list(startOf(item.room, item.name)))
      latest = Math.max(latest, time);
    if (!latest || latest >= olderThan) return false;
    await this.drop(item.room, item.name);
    return true;
  }

  /** Removes everything that belongs to a name, starting with what says that the rest belongs together. */
  async drop(room: Room, name: string): Promise<void> {
    const start = startOf(room, name);
    const keys: string[] = [];
    for await (const { key } of this.bucket.list(start)) keys.push(key);
    const isHead = (key: string) => heads.some((head) => key === `${start}/${head}`);
    for (const key of [...keys.filter(isHead), ...keys.filter((key) => !isHead(key))])
      await this.bucket.delete(key);
  }

  /** Yields items of a room, each made of the keys that share their first parts. */
  private async *grouped(room: Room, start: string, parts: number): AsyncIterable<Item> {
    let item: Item | undefined;
    // Keys are listed in order, so those of one item are adjacent.
    for await (const { key, bytes, time } of this.bucket.list(start)) {
      const name = key
        .split('/')
        .slice(0, parts)
        .at(-1)!
        .replace(/\.json$/, '');
      // What others have put into the bucket is not the store's.
      if (!(room === 'objects' ? isDigest : isKey)(name)) continue;
      if (item?.name === name) item = { ...item, bytes: item.bytes + bytes, time: Math.max(item.time, time) };
      else {
        if (item) yield item;
        item = { room, name, bytes, time };
      }
    }
    if (item) yield item;
  }
}

const heads = [listName, 'latest.json'];

/** Returns the prefix of all keys of an item. */
const startOf = (room: Room, name: string): string => {
  if (room === 'objects') return objectName(name);
  return room === 'results' ? resultName(name) : checkpointsName(name);
};

function parsed(text: string): Member[] | undefined {
  try {
    return membersIn(JSON.parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
