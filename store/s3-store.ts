import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import type { ArtifactRef, Digest } from './artifact';
import { Bucket } from './bucket';
import { BucketNotes } from './bucket-notes';
import { BucketRooms } from './bucket-rooms';
import { listName, listOf, type Member } from './artifact-bundle';
import { cachesFolder, standardCacheBytes, trim } from './cache';
import { currentOf } from './checkpoint-folder';
import { ContentStore } from './content-store';
import { sha256OfFile } from './digest';
import { copyHashed } from './files';
import { checkpointName, objectName, pathIn, placedName, pointerName } from './checked-names';
import { ArtifactError } from './store-errors';
import { freshMs, type StoredObject } from './object-folder';
import type { Checkpoint, Item, Shared } from './store';

/** Options of an S3 store. */
export interface S3StoreOptions {
  /** Local folder for the files that jobs open by path. */
  readonly cache?: string;
  /** Most bytes it may hold. */
  readonly cacheBytes?: number;
  /** Time in ms without data after which a connection is dropped and the request repeated; 60,000 by default. */
  readonly idleMs?: number;
}

/**
 * A store under a prefix of a bucket on any S3-compatible server, laid out like a file store, with a local folder of
 * what was put or read here. Digests are those of the file store; every download is verified.
 */
export class S3Store extends ContentStore {
  private readonly bucket: Bucket;
  private readonly remote: BucketRooms;
  private readonly cacheBytes: number;
  /** Bytes added to the local folder since it was last scanned; infinite at first, since its contents are unknown. */
  private added = Infinity;
  /** Downloads in progress, by digest. */
  private readonly fetching = new Map<string, Promise<string>>();

  /** @throws RangeError unless `where` is s3://bucket or s3://bucket/prefix */
  constructor(where: string, { cache, cacheBytes, idleMs }: S3StoreOptions = {}) {
    const [, name, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*?))?\/*$/.exec(where) ?? [];
    if (!name) throw new RangeError(`store ${where} must be s3://bucket or s3://bucket/prefix`);
    const bucket = new Bucket(name, path ? `${path}/` : '', idleMs);
    super(bucket.uri('').replace(/\/$/, ''), resolve(cache ?? cacheOf(where)), new BucketNotes(bucket));
    this.bucket = bucket;
    this.remote = new BucketRooms(bucket);
    this.cacheBytes = cacheBytes ?? standardCacheBytes();
  }

  path(ref: Digest): Promise<string> {
    return this.guarded(async () => {
      if (await this.objects.use(ref)) return this.objects.path(ref);
      const fetching = this.fetching.get(ref.sha256) ?? this.fetch(ref);
      this.fetching.set(ref.sha256, fetching);
      return fetching.finally(() => this.fetching.delete(ref.sha256));
    });
  }

  share(ref: Digest): Promise<Shared> {
    return this.guarded(async () => {
      const there = await this.remote.members(ref);
      if (!there)
        throw new ArtifactError('ArtifactMissing', `artifact ${ref.sha256} is not in ${this.where}`, [ref]);
      const urls = await Promise.all(
        there.members.map(
          async ({ name }) => [name, await this.bucket.url(objectName(ref.sha256, name))] as const,
        ),
      );
      const [[, url], ...others] = urls;
      return { url, ...(others.length && { others: Object.fromEntries(others) }) };
    });
  }

  place(key: string): Promise<Shared> {
    return this.guarded(async () => ({ url: await this.bucket.uploadUrl(placedName(key)) }));
  }

  placed<T>(key: string, work: (path: string) => Promise<T>): Promise<T | undefined> {
    return this.scratch.use(async (folder) => {
      const copy = join(folder, 'model.onnx');
      const found = await this.guarded(() => this.bucket.download(placedName(key), copy));
      return found === undefined ? undefined : work(copy);
    });
  }

  dropPlaced(key: string): Promise<void> {
    return this.guarded(() => this.bucket.delete(placedName(key)));
  }

  has(ref: Digest): Promise<boolean> {
    return this.guarded(async () => {
      if (await this.remote.members(ref)) return true;
      if (!(await this.objects.has(ref))) return false;
      // The server lost it, but it is still here.
      await this.publish({ ...ref, name: '' });
      return true;
    });
  }

  checkpoint(key: string): Promise<Checkpoint | undefined> {
    return this.guarded(async () => {
      const digest = await currentOf(this.notes, key);
      const name = digest && checkpointName(key, digest.sha256);
      if (!name || (await this.bucket.head(name))?.bytes !== digest.bytes) return undefined;
      const ref = this.checkpointRef(key, digest);
      const known = await this.checkpoints.path(key, digest);
      if (known !== undefined) return { ref, path: known };
      return this.scratch.use(async (folder) => {
        const file = join(folder, 'checkpoint');
        await this.bucket.download(name, file);
        if ((await sha256OfFile(file)) !== digest.sha256) return undefined;
        return { ref, path: await this.checkpoints.take(key, digest, file) };
      });
    });
  }

  setCheckpoint(key: string, file: string): Promise<ArtifactRef> {
    return this.guarded(() =>
      this.scratch.use(async (folder) => {
        // The work may replace its file meanwhile.
        const copy = join(folder, 'checkpoint');
        const digest = await copyHashed(file, copy);
        const before = await currentOf(this.notes, key);
        await this.bucket.putFile(checkpointName(key, digest.sha256), copy, digest);
        await this.notes.set(pointerName(key), digest);
        if (before && before.sha256 !== digest.sha256)
          await this.bucket.delete(checkpointName(key, before.sha256));
        return this.checkpointRef(key, digest);
      }),
    );
  }

  dropCheckpoint(key: string): Promise<void> {
    return this.guarded(async () => {
      await this.remote.drop('checkpoints', key);
      await this.checkpoints.drop(key);
    });
  }

  async *items(): AsyncIterable<Item> {
    yield* this.remote.items();
    yield* this.rooms.items('imports', 'scratch');
  }

  remove(item: Item, olderThan: number): Promise<boolean> {
    const isLocal = item.room === 'imports' || item.room === 'scratch';
    return this.guarded(async () => {
      if (isLocal) return this.rooms.remove(item, olderThan);
      if (!(await this.remote.remove(item, olderThan))) return false;
      // What was removed for everyone must not come back from here.
      if (item.room === 'objects') await this.objects.discard(item.name);
      return true;
    });
  }

  protected async publish({ sha256: digest, bytes }: StoredObject): Promise<void> {
    const ref = { sha256: digest, bytes };
    if (await this.refreshed(ref)) return;
    const members = await this.objects.membersOf(ref);
    for (const member of members) {
      const key = objectName(digest, member.name);
      if ((await this.bucket.head(key))?.bytes !== member.bytes)
        await this.bucket.putFile(key, this.objects.pathOf(digest, member.name), member);
    }
    // The list goes last: it makes the files a bundle.
    if (members.length > 1) await this.bucket.put(objectName(digest, listName), listOf(members));
    await this.trim(bytes);
  }

  protected use(ref: Digest): Promise<boolean> {
    return this.guarded(async () => (await this.refreshed(ref)) || this.has(ref));
  }

  protected uri({ sha256: digest, name }: StoredObject): string {
    return this.bucket.uri(objectName(digest, name));
  }

  protected async peek(ref: Digest): Promise<number> {
    // A bundle is not JSON, whatever its files are.
    const first = await this.guarded(() => this.bucket.get(objectName(ref.sha256), 'bytes=0-0'));
    return first?.[0] ?? -1;
  }

  /** Tells if an artifact is on the server; if its recorded use is old, records it as used now. */
  private async refreshed(ref: Digest): Promise<boolean> {
    const there = await this.remote.members(ref);
    if (!there) return false;
    if (Date.now() - there.mark.time > freshMs) await this.bucket.touch(there.mark);
    return true;
  }

  private async fetch(ref: Digest): Promise<string> {
    await this.scratch.use(async (folder) => {
      const there = await this.remote.members(ref);
      if (!there)
        throw new ArtifactError(
          'ArtifactMissing',
          `artifact ${ref.sha256} is not in the store at ${this.where}`,
          [ref],
        );
      const bundle = join(folder, 'files');
      for (const member of there.members)
        await this.fetchMember(ref, member, pathIn(bundle, member.name || 'file'));
      if (there.members.length > 1) await this.objects.adopt(bundle, there.members);
      else await this.objects.settle(join(bundle, 'file'), ref.sha256);
    });
    await this.trim(ref.bytes);
    return this.objects.path(ref);
  }

  private async fetchMember(ref: Digest, member: Member, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true });
    const key = objectName(ref.sha256, member.name);
    let etag: string | undefined;
    for (let tries = 1; tries <= 2; tries++) {
      etag = await this.bucket.download(key, path);
      if (etag !== undefined && (await sha256OfFile(path)) === member.sha256) return;
    }
    if (etag === undefined)
      throw new ArtifactError('ArtifactMissing', `artifact ${this.bucket.uri(key)} is missing`, [ref]);
    // Nobody else must mistake it for what its name says, and only without it will it be uploaded, or computed, again.
    await this.bucket.delete(key, etag);
    throw new ArtifactError(
      'ArtifactCorrupt',
      `artifact ${this.bucket.uri(key)} is corrupt: its bytes do not match its name`,
      [ref],
    );
  }

  private checkpointRef(key: string, { sha256, bytes }: Digest): ArtifactRef {
    return { uri: this.bucket.uri(checkpointName(key, sha256)), sha256, bytes };
  }

  /** Keeps the local folder within its limit; scans it only after much has been added. */
  private async trim(bytes: number): Promise<void> {
    this.added += bytes;
    if (this.added < this.cacheBytes / 20) return;
    this.added = 0;
    await trim(this.rooms, this.cacheBytes, Date.now() - freshMs);
  }
}

/** Returns the default folder of a store's local files, one per store, in the user's cache. */
export const cacheOf = (where: string): string =>
  join(cachesFolder(), `s3-${createHash('sha256').update(where).digest('hex').slice(0, 16)}`);
