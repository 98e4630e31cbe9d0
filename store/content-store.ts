import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { type ArtifactRef, artifactsIn, type Digest } from './artifact';
import { sha256 } from './digest';
import { ArtifactError, storeError } from './store-errors';
import { CheckpointFolder } from './checkpoint-folder';
import { readJson } from './files';
import { importName, isKey, resultName } from './checked-names';
import { FileNotes, type Notes } from './notes';
import { ObjectFolder, type StoredObject } from './object-folder';
import { Rooms } from './rooms';
import { Scratch } from './scratch';
import type { Checkpoint, Item, Store, Work, Shared } from './store';

/** Note of finished work. */
interface ResultNote {
  readonly result: unknown;
  readonly work?: Work;
}

/** Note of an imported user file. */
interface ImportNote extends Digest {
  readonly name?: string;
}

/**
 * Base of all stores: objects are in a local folder, where they are opened by path, and small JSON notes record what
 * was computed. Subclasses decide what is shared with other machines, and how.
 */
export abstract class ContentStore implements Store {
  readonly scratch: Scratch;
  protected readonly objects: ObjectFolder;
  protected readonly notes: Notes;
  protected readonly rooms: Rooms;
  /** This machine's notes on user files imported so far, by path, size and times. */
  protected readonly local: FileNotes;
  protected readonly checkpoints: CheckpointFolder;

  protected constructor(
    readonly where: string,
    /** Local folder of objects, scratch and imports. */
    protected readonly folder: string,
    /** Notes shared by all machines; by default those of the folder. */
    notes?: Notes,
  ) {
    this.scratch = new Scratch(join(folder, 'scratch'));
    this.objects = new ObjectFolder(join(folder, 'objects'), this.scratch);
    this.local = new FileNotes(folder, this.scratch);
    this.rooms = new Rooms(folder, this.objects);
    this.notes = notes ?? this.local;
    this.checkpoints = new CheckpointFolder(folder, this.local, this.scratch);
  }

  abstract path(ref: Digest): Promise<string>;
  abstract share(ref: Digest): Promise<Shared>;
  abstract place(key: string): Promise<Shared>;
  abstract placed<T>(key: string, work: (path: string) => Promise<T>): Promise<T | undefined>;
  abstract dropPlaced(key: string): Promise<void>;
  abstract has(ref: Digest): Promise<boolean>;
  abstract checkpoint(key: string): Promise<Checkpoint | undefined>;
  abstract setCheckpoint(key: string, file: string): Promise<ArtifactRef>;
  abstract dropCheckpoint(key: string): Promise<void>;
  abstract items(): AsyncIterable<Item>;
  abstract remove(item: Item, olderThan: number): Promise<boolean>;

  /** Shares an object that is in the local folder. */
  protected abstract publish(object: StoredObject): Promise<void>;
  /** Does as `has`, and records that it was used now. */
  protected abstract use(ref: Digest): Promise<boolean>;
  /** Returns the address by which others find an artifact. */
  protected abstract uri(object: StoredObject): string;
  /**
   * Returns the first byte of an artifact; -1 if it is empty.
   * @throws ArtifactError
   */
  protected abstract peek(ref: Digest): Promise<number>;

  async id(): Promise<string> {
    const known =
      (await this.notes.get(idName)) ??
      (await this.guarded(() => this.notes.create(idName, { id: randomUUID() })));
    return (known as { id: string }).id;
  }

  putBytes(bytes: Uint8Array | string): Promise<ArtifactRef> {
    return this.put(() => this.objects.putBytes(typeof bytes === 'string' ? Buffer.from(bytes) : bytes));
  }

  putJson(value: unknown): Promise<ArtifactRef> {
    return this.putBytes(JSON.stringify(value));
  }

  putFile(path: string, options?: { move?: boolean }): Promise<ArtifactRef> {
    return this.put(() => this.objects.putFile(path, options));
  }

  putFiles(paths: readonly string[], options?: { move?: boolean }): Promise<ArtifactRef> {
    return this.put(() => this.objects.putFiles(paths, options));
  }

  async import(...paths: readonly string[]): Promise<ArtifactRef> {
    const states = await Promise.all(
      paths.map(async (path) => {
        const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true });
        return [hostname(), resolve(path), size, mtimeNs, ctimeNs, ino];
      }),
    );
    const note = importName(sha256(states.flat().join('\n')));
    const known = (await this.local.get(note)) as ImportNote | undefined;
    if (known && (await this.use(known))) return this.ref({ ...known, name: known.name ?? '' });
    const ref = await this.putFiles(paths);
    const name = (await this.objects.membersOf(ref))[0].name || undefined;
    await this.guarded(() => this.local.set(note, { sha256: ref.sha256, bytes: ref.bytes, name }));
    return ref;
  }

  async paths(refs: readonly ArtifactRef[]): Promise<string[]> {
    const paths: string[] = [];
    const lost: ArtifactError[] = [];
    for (const ref of refs)
      try {
        paths.push(await this.path(ref));
      } catch (error) {
        if (!(error instanceof ArtifactError)) throw error;
        lost.push(error);
      }
    if (!lost.length) return paths;
    const [first, ...others] = lost;
    const more = others.length ? `; and ${others.length} more` : '';
    throw new ArtifactError(
      first.code,
      `${first.message}${more}`,
      lost.flatMap(({ artifacts }) => artifacts),
      { cause: first },
    );
  }

  async json<T>(ref: Digest): Promise<T> {
    return (await readJson(await this.path(ref))) as T;
  }

  async export(ref: Digest, path: string): Promise<void> {
    await this.path(ref);
    await this.objects.export(ref, path);
  }

  async result<T>(key: string): Promise<T | undefined> {
    const entry = await this.resultNote(key);
    if (!entry) return undefined;
    const there = await Promise.all(artifactsIn(entry.result).map((ref) => this.use(ref)));
    return there.every(Boolean) ? (entry.result as T) : undefined;
  }

  async setResult(key: string, result: unknown, work?: Work): Promise<void> {
    await this.guarded(() => this.notes.set(resultName(key), { result, work } satisfies ResultNote));
  }

  async work(key: string): Promise<Work | undefined> {
    return (await this.resultNote(key))?.work;
  }

  async resultNames(key: string): Promise<readonly ArtifactRef[]> {
    return artifactsIn(await this.resultNote(key));
  }

  async jsonNames(ref: Digest): Promise<readonly ArtifactRef[]> {
    if (!jsonStarts.includes(await this.peek(ref))) return [];
    return artifactsIn(await readJson(await this.path(ref)));
  }

  /**
   * Runs work that touches the store's files.
   * @throws StoreError if they can't be used
   */
  protected async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, `the store at ${this.where}`, this.folder);
    }
  }

  protected ref(object: StoredObject): ArtifactRef {
    return { uri: this.uri(object), sha256: object.sha256, bytes: object.bytes };
  }

  private put(store: () => Promise<StoredObject>): Promise<ArtifactRef> {
    return this.guarded(async () => {
      const object = await store();
      await this.publish(object);
      return this.ref(object);
    });
  }

  private resultNote(key: string): Promise<ResultNote | undefined> {
    // The key of an artifact's work may come from anywhere.
    if (!isKey(key)) return Promise.resolve(undefined);
    return this.notes.get(resultName(key)) as Promise<ResultNote | undefined>;
  }
}

const jsonStarts = [...'[{'].map((character) => character.charCodeAt(0));
const idName = 'id.json';
