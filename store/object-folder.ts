import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, open, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Digest } from './artifact';
import {
  bytesOf,
  digestOf,
  gather,
  listed,
  listFile,
  listPath,
  type Member,
  placed,
} from './artifact-bundle';
import { sha256, sha256OfFile } from './digest';
import { ArtifactError } from './store-errors';
import { ignoreMissing, settle, sync, temporaryName, writeAtomically } from './files';
import { isDigest, objectName, pathIn } from './checked-names';
import type { Scratch } from './scratch';
import type { Item } from './store';

/** A stored object: its digest, and the name of its first file, which is empty for a single file. */
export interface StoredObject extends Digest {
  readonly name: string;
}

/** A use is recorded only if the last recorded one is older than this, in ms. */
export const freshMs = 3_600_000;

/** Objects in a local folder: `ab/abcdef…`, a file, or a folder of files that belong together. */
export class ObjectFolder {
  /** Size and time of the files of each object whose digest this process has verified. */
  private readonly checked = new Map<string, string>();

  constructor(
    readonly root: string,
    private readonly scratch: Scratch,
  ) {}

  /**
   * Returns the path of an object, or of a file of one that is a bundle.
   * @throws ArtifactError unless `digest` is one
   */
  pathOf(digest: string, member = ''): string {
    return pathIn(dirname(this.root), objectName(digest, member));
  }

  /** Stores bytes. */
  async putBytes(content: Uint8Array): Promise<StoredObject> {
    const object = { sha256: sha256(content), bytes: content.length, name: '' };
    if (!(await this.use(object)))
      await writeAtomically(this.pathOf(object.sha256), content, await this.scratch.name());
    return object;
  }

  /** Stores a copy of a file, or the file itself. */
  async putFile(path: string, { move = false } = {}): Promise<StoredObject> {
    const temporary = await this.scratch.name();
    try {
      const digest = await placed(path, temporary, { move });
      if (!(await this.use(digest))) await this.settle(temporary, digest.sha256);
      return { ...digest, name: '' };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Stores copies of files that belong together, or the files themselves. */
  async putFiles(paths: readonly string[], { move = false } = {}): Promise<StoredObject> {
    if (paths.length === 1) return this.putFile(paths[0], { move });
    return this.scratch.use(async (folder) => {
      const bundle = join(folder, 'bundle');
      const members = await gather(paths, bundle, { move });
      const object = { sha256: digestOf(members), bytes: bytesOf(members), name: members[0].name };
      if (!(await this.use(object))) await this.adopt(bundle, members);
      return object;
    });
  }

  /** Turns a folder with the files of a bundle into an object. */
  async adopt(bundle: string, members: readonly Member[]): Promise<void> {
    await writeFile(...listFile(bundle, members), { flush: true });
    await sync(bundle);
    const object = { sha256: digestOf(members), bytes: bytesOf(members) };
    const path = this.pathOf(object.sha256);
    await mkdir(dirname(path), { recursive: true });
    for (let tries = 1; ; tries++) {
      try {
        await rename(bundle, path);
        break;
      } catch (error) {
        if (await this.has(object)) return; // put by another process meanwhile
        if (tries === 3) throw error;
        // The existing one is broken: it is moved aside in one step, so that no reader sees it half removed.
        await this.discard(object.sha256);
      }
    }
    await sync(dirname(path));
  }

  /** Turns a file into the object of that digest. */
  async settle(temporary: string, digest: string): Promise<void> {
    const path = this.pathOf(digest);
    await mkdir(dirname(path), { recursive: true });
    await settle(temporary, path);
  }

  /**
   * Lists the files of an object; that of a plain file has no name.
   * @throws ArtifactError
   */
  async membersOf(ref: Digest): Promise<Member[]> {
    const path = this.pathOf(ref.sha256);
    const object = await lstat(path).catch(ignoreMissing);
    if (!object)
      throw new ArtifactError(
        'ArtifactMissing',
        `artifact ${ref.sha256} is not in the store at ${dirname(this.root)}`,
        [ref],
      );
    if (!object.isDirectory()) return [{ name: '', sha256: ref.sha256, bytes: ref.bytes }];
    const members = await listed(path);
    if (!members.length || digestOf(members) !== ref.sha256 || bytesOf(members) !== ref.bytes)
      throw corrupt(path, ref);
    return members;
  }

  /**
   * Returns the path of an object after verifying its bytes (once per process while its files stay the same).
   * @throws ArtifactError
   */
  async path(ref: Digest): Promise<string> {
    const members = await this.membersOf(ref);
    const paths = members.map(({ name }) => this.pathOf(ref.sha256, name));
    const states = await Promise.all(
      paths.map(async (path) => {
        const file = await lstat(path).catch(ignoreMissing);
        return file?.isFile() ? `${file.size} ${file.mtimeMs}` : undefined;
      }),
    );
    const state = states.join();
    if (this.checked.get(ref.sha256) === state) return paths[0];
    for (const [at, { sha256: digest, bytes }] of members.entries())
      if (
        !states[at]?.startsWith(`${bytes} `) ||
        (await sha256OfFile(paths[at], { follow: false })) !== digest
      )
        throw corrupt(paths[at], ref);
    this.checked.set(ref.sha256, state);
    return paths[0];
  }

  /** Tells if an object is there and complete. */
  async has(ref: Digest): Promise<boolean> {
    return this.path(ref).then(
      () => true,
      (error) => {
        if (error instanceof ArtifactError) return false;
        throw error;
      },
    );
  }

  /** Does as `has`, and records that it was used now. */
  async use(ref: Digest): Promise<boolean> {
    if (!(await this.has(ref))) return false;
    const marked = this.markOf(await this.path(ref), ref);
    const { atimeMs, mtime } = await stat(marked);
    // Recorded in the access time, since a verified file is recognized by its modification time.
    if (Date.now() - Math.max(atimeMs, mtime.getTime()) > freshMs) await utimes(marked, new Date(), mtime);
    return true;
  }

  /**
   * Copies an object to a path of the user's.
   * @throws ArtifactError
   */
  async export(ref: Digest, path: string): Promise<void> {
    await this.path(ref);
    const [first, ...others] = await this.membersOf(ref);
    // The first file goes last: it refers to the others.
    for (const { name } of [...others, first]) {
      const target = name === first.name ? path : pathIn(dirname(path), name);
      await mkdir(dirname(target), { recursive: true });
      const temporary = temporaryName(target);
      try {
        const mode = constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL;
        await copyFile(this.pathOf(ref.sha256, name), temporary, mode);
        await settle(temporary, target);
      } finally {
        await rm(temporary, { force: true });
      }
    }
  }

  /** Yields all objects, with the time of their last use. What others have put beside them is not the store's. */
  async *items(): AsyncIterable<Item> {
    for (const half of await namesIn(this.root))
      for (const name of (await namesIn(join(this.root, half))).filter(isDigest)) {
        const item = await this.item(name);
        if (item) yield item;
      }
  }

  /** Describes an object; undefined if there is none. */
  async item(name: string): Promise<Item | undefined> {
    const path = this.pathOf(name);
    const object = await stat(path).catch(ignoreMissing);
    if (!object) return undefined;
    const marked = object.isDirectory() ? await stat(listPath(path)).catch(ignoreMissing) : object;
    const time = Math.max(object.mtimeMs, marked?.mtimeMs ?? 0, marked?.atimeMs ?? 0);
    const bytes = object.isDirectory() ? bytesOf(await listed(path)) : object.size;
    return { room: 'objects', name, bytes, time };
  }

  /** Removes an object; no reader sees a part of it. */
  async discard(digest: string): Promise<void> {
    const aside = await this.scratch.name();
    await rename(this.pathOf(digest), aside).catch(ignoreMissing);
    await rm(aside, { recursive: true, force: true });
    this.checked.delete(digest);
  }

  /**
   * Returns the first byte of an object's first file; -1 if it is empty.
   * @throws ArtifactError
   */
  async peek(ref: Digest): Promise<number> {
    const file = await open(await this.path(ref));
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, 0);
      return bytesRead ? buffer[0] : -1;
    } finally {
      await file.close();
    }
  }

  private markOf(path: string, { sha256: digest }: Digest): string {
    const root = this.pathOf(digest);
    return path === root ? path : listPath(root);
  }
}

/** Lists the names in a folder; none if the folder does not exist. */
export const namesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder).catch(ignoreMissing)) ?? [];

const corrupt = (path: string, ref: Digest): ArtifactError =>
  new ArtifactError('ArtifactCorrupt', `artifact ${path} is corrupt: its bytes are not those of its name`, [
    ref,
  ]);
