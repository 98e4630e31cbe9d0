import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { type ArtifactRef, artifactsIn } from './artifact';
import { bytesOf, digestOf, gather, listed, listFile, type Member, tryRename } from './bundle';
import { sha256, sha256OfFile } from './digest';
import { ArtifactError } from './errors';
import { readJson, settle, sync, temporaryName, writeAtomically } from './files';
import { Scratch } from './scratch';

/**
 * Content-addressed files under a folder, what was computed with them, and how far unfinished work is:
 *
 *     objects/ab/abcdef…    artifacts, named by the SHA-256 of their bytes; a folder holds files that belong together
 *     results/<key>.json    results of finished work, by the key of the work
 *     checkpoints/<key>.json  the artifact from which unfinished work goes on
 *     imports/<key>.json    digests of user files already taken in, by path, size and times
 *     scratch/              folders of work in progress
 */
export class FileStore {
  readonly root: string;
  readonly scratch: Scratch;
  /** Size and time of each file whose digest this process has checked. */
  private readonly checked = new Map<string, string>();

  constructor(root: string) {
    this.root = resolve(root);
    this.scratch = new Scratch(join(this.root, 'scratch'));
  }

  /** A name that stays with this store wherever its folder is moved. */
  async id(): Promise<string> {
    const path = join(this.root, 'id.json');
    const known = (await readJson(path)) as { id: string } | undefined;
    if (known) return known.id;
    const id = randomUUID();
    await this.write(path, JSON.stringify({ id }));
    return id;
  }

  /** Stores bytes. */
  async putBytes(bytes: Uint8Array | string): Promise<ArtifactRef> {
    const content = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const ref = this.ref(sha256(content), content.length);
    if (!(await this.has(ref))) await this.write(this.pathOf(ref.sha256), content);
    return ref;
  }

  /** Stores a value as JSON. */
  async putJson(value: unknown): Promise<ArtifactRef> {
    return this.putBytes(JSON.stringify(value));
  }

  /** Stores a copy of a file; by reflink where the file system can. `move` takes the file itself. */
  async putFile(path: string, { move = false } = {}): Promise<ArtifactRef> {
    const temporary = await this.scratch.name();
    try {
      if (!move || !(await tryRename(path, temporary)))
        await copyFile(path, temporary, constants.COPYFILE_FICLONE);
      // The copy is what is hashed, so the digest is that of the stored bytes even if the source changes meanwhile.
      const digest = await sha256OfFile(temporary);
      const ref = this.ref(digest, (await stat(temporary)).size);
      if (!(await this.has(ref))) {
        await mkdir(dirname(this.pathOf(digest)), { recursive: true });
        await settle(temporary, this.pathOf(digest));
      }
      return ref;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /**
   * Stores copies of files that belong together as one artifact, whose local path is that of the first; the others lie
   * around it as they did. One file is an artifact like any other.
   */
  async putFiles(paths: readonly string[], { move = false } = {}): Promise<ArtifactRef> {
    if (paths.length === 1) return this.putFile(paths[0], { move });
    return this.scratch.use(async (folder) => {
      const bundle = join(folder, 'bundle');
      const members = await gather(paths, bundle, { move });
      const ref = this.ref(digestOf(members), bytesOf(members), members[0].name);
      if (await this.has(ref)) return ref;
      await writeFile(...listFile(bundle, members), { flush: true });
      await sync(bundle);
      const path = this.pathOf(ref.sha256);
      await mkdir(dirname(path), { recursive: true });
      // What lies there is broken, or was put by another process meanwhile.
      await rm(path, { recursive: true, force: true });
      await rename(bundle, path).catch(async (error) => {
        if (!(await this.has(ref))) throw error;
      });
      await sync(dirname(path));
      return ref;
    });
  }

  /** Takes in a user's file, or files that belong together; what was taken in before and has not changed is not read. */
  async import(...paths: readonly string[]): Promise<ArtifactRef> {
    const states = await Promise.all(
      paths.map(async (path) => {
        const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true });
        return [resolve(path), size, mtimeNs, ctimeNs, ino];
      }),
    );
    const note = join(this.root, 'imports', `${sha256(states.flat().join('\n'))}.json`);
    const known = (await readJson(note)) as { sha256: string; bytes: number; name?: string } | undefined;
    if (known && (await this.has(known))) return this.ref(known.sha256, known.bytes, known.name);
    const ref = await this.putFiles(paths);
    const name = (await this.membersOf(ref))[0].name || undefined;
    await this.write(note, JSON.stringify({ sha256: ref.sha256, bytes: ref.bytes, name }));
    return ref;
  }

  /**
   * The local path of an artifact, its bytes checked against the digest (once per process while the files stay as they
   * are).
   * @throws ArtifactError
   */
  async path(ref: Pick<ArtifactRef, 'sha256' | 'bytes'>): Promise<string> {
    const members = await this.membersOf(ref);
    const paths = members.map(({ name }) => join(this.pathOf(ref.sha256), name));
    const states = await Promise.all(
      paths.map(async (path) => {
        const file = await stat(path).catch(ignoreMissing);
        return file && `${file.size} ${file.mtimeMs}`;
      }),
    );
    const state = states.join();
    if (this.checked.get(ref.sha256) === state) return paths[0];
    for (const [at, { sha256: digest, bytes }] of members.entries())
      if (!states[at]?.startsWith(`${bytes} `) || (await sha256OfFile(paths[at])) !== digest)
        throw corrupt(paths[at]);
    this.checked.set(ref.sha256, state);
    return paths[0];
  }

  /** Whether an artifact is there, whole. */
  async has(ref: Pick<ArtifactRef, 'sha256' | 'bytes'>): Promise<boolean> {
    return this.path(ref).then(
      () => true,
      (error) => {
        if (error instanceof ArtifactError) return false;
        throw error;
      },
    );
  }

  /** The JSON of an artifact. @throws ArtifactError */
  async json<T>(ref: ArtifactRef): Promise<T> {
    return (await readJson(await this.path(ref))) as T;
  }

  /**
   * Writes a copy of an artifact where a user wants it, whole or not at all; the files that belong to it go around it.
   * @throws ArtifactError
   */
  async export(ref: ArtifactRef, path: string): Promise<void> {
    await this.path(ref);
    const [first, ...others] = await this.membersOf(ref);
    // The first file comes last: it tells of the others.
    for (const { name } of [...others, first]) {
      const target = name === first.name ? path : join(dirname(path), name);
      await mkdir(dirname(target), { recursive: true });
      const temporary = temporaryName(target);
      try {
        await copyFile(join(this.pathOf(ref.sha256), name), temporary, constants.COPYFILE_FICLONE);
        await settle(temporary, target);
      } finally {
        await rm(temporary, { force: true });
      }
    }
  }

  /** The result of finished work; undefined where there is none, or an artifact that it names is missing or corrupt. */
  async result<T>(key: string): Promise<T | undefined> {
    const entry = (await readJson(this.note('results', key))) as { result: T } | undefined;
    if (!entry) return undefined;
    const there = await Promise.all(artifactsIn(entry.result).map((ref) => this.has(ref)));
    return there.every(Boolean) ? entry.result : undefined;
  }

  /** Remembers the result of finished work, a JSON value. */
  async setResult(key: string, result: unknown): Promise<void> {
    await this.write(this.note('results', key), JSON.stringify({ result }));
  }

  /** The checkpoint of unfinished work; undefined where there is none that is whole. */
  async checkpoint(key: string): Promise<ArtifactRef | undefined> {
    const ref = (await readJson(this.note('checkpoints', key))) as ArtifactRef | undefined;
    return ref && (await this.has(ref)) ? ref : undefined;
  }

  /** Points unfinished work at a newer checkpoint; the one before is dropped. */
  async setCheckpoint(key: string, ref: ArtifactRef): Promise<void> {
    const before = (await readJson(this.note('checkpoints', key))) as ArtifactRef | undefined;
    await this.write(this.note('checkpoints', key), JSON.stringify(ref));
    if (before && before.sha256 !== ref.sha256) await rm(this.pathOf(before.sha256), { force: true });
  }

  /** Forgets the checkpoint of work that is finished. */
  async dropCheckpoint(key: string): Promise<void> {
    const ref = (await readJson(this.note('checkpoints', key))) as ArtifactRef | undefined;
    await rm(this.note('checkpoints', key), { force: true });
    if (ref) await rm(this.pathOf(ref.sha256), { force: true });
  }

  private async write(path: string, content: string | Uint8Array): Promise<void> {
    await writeAtomically(path, content, await this.scratch.name());
  }

  private note(room: 'results' | 'checkpoints', key: string): string {
    return join(this.root, room, `${key}.json`);
  }

  private pathOf(digest: string): string {
    return join(this.root, 'objects', digest.slice(0, 2), digest);
  }

  private ref(digest: string, bytes: number, name = ''): ArtifactRef {
    return { uri: pathToFileURL(join(this.pathOf(digest), name)).href, sha256: digest, bytes };
  }

  /** The files of an artifact; the one of a plain file has no name. @throws ArtifactError */
  private async membersOf({
    sha256: digest,
    bytes,
  }: Pick<ArtifactRef, 'sha256' | 'bytes'>): Promise<Member[]> {
    const path = this.pathOf(digest);
    const object = await stat(path).catch(ignoreMissing);
    if (!object)
      throw new ArtifactError('ArtifactMissing', `artifact ${digest} is not in the store at ${this.root}`);
    if (!object.isDirectory()) return [{ name: '', sha256: digest, bytes }];
    const members = await listed(path);
    if (!members.length || digestOf(members) !== digest || bytesOf(members) !== bytes) throw corrupt(path);
    return members;
  }
}

const corrupt = (path: string): ArtifactError =>
  new ArtifactError('ArtifactCorrupt', `artifact ${path} is corrupt: its bytes are not those of its name`);

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
