import type { ArtifactRef, Digest } from './artifact';
import type { Scratch } from './scratch';

/** What an activity was asked, under the key of the work: enough to do it again. */
export interface Work {
  readonly activity: string;
  readonly request: unknown;
}

/** From where unfinished work goes on. */
export interface Checkpoint {
  readonly ref: ArtifactRef;
  /** Its local file, its bytes checked. */
  readonly path: string;
}

/** Rooms of a store, beside that of the artifacts. */
export type Room = 'objects' | 'results' | 'checkpoints' | 'imports' | 'uploads' | 'scratch';

/** Something that lies in a store. */
export interface Item {
  readonly room: Room;
  /** The digest of an artifact, the key of a piece of work, or a name. */
  readonly name: string;
  readonly bytes: number;
  /** When it was last written or used, in ms since 1970. */
  readonly time: number;
}

/**
 * Content-addressed artifacts, what was computed with them, and how far unfinished work is. Everything is there whole or
 * not at all, whoever writes at the same time and whenever a writer dies.
 *
 * Every method may throw a StoreError where the store is full, read-only or out of reach: trying again may help.
 */
export interface Store {
  /** Folder or `s3://bucket/prefix`, as `openStore` takes it. */
  readonly where: string;
  /** Local folders of work in progress. */
  readonly scratch: Scratch;

  /** A name that stays with this store wherever it is moved. */
  id(): Promise<string>;

  /** Stores bytes. */
  putBytes(bytes: Uint8Array | string): Promise<ArtifactRef>;
  /** Stores a value as JSON. */
  putJson(value: unknown): Promise<ArtifactRef>;
  /** Stores a copy of a file; `move` may take the file itself. */
  putFile(path: string, options?: { move?: boolean }): Promise<ArtifactRef>;
  /**
   * Stores copies of files that belong together as one artifact, whose local path is that of the first; the others lie
   * around it as they did. One file is an artifact like any other.
   * @throws RangeError where a file lies outside the folder of the first
   */
  putFiles(paths: readonly string[], options?: { move?: boolean }): Promise<ArtifactRef>;
  /** Takes in a user's file, or files that belong together; what was taken in before and has not changed is not read. */
  import(...paths: readonly string[]): Promise<ArtifactRef>;

  /** The local path of an artifact, its bytes checked. @throws ArtifactError */
  path(ref: Digest): Promise<string>;
  /** The local paths of artifacts. @throws ArtifactError that names every one that is missing or corrupt */
  paths(refs: readonly ArtifactRef[]): Promise<string[]>;
  /** Whether an artifact is there. */
  has(ref: Digest): Promise<boolean>;
  /** The JSON of an artifact. @throws ArtifactError */
  json<T>(ref: Digest): Promise<T>;
  /**
   * Writes a copy of an artifact where a user wants it, whole or not at all; the files that belong to it go around it.
   * @throws ArtifactError
   */
  export(ref: Digest, path: string): Promise<void>;

  /** The result of finished work; undefined where there is none, or an artifact that it names is missing or corrupt. */
  result<T>(key: string): Promise<T | undefined>;
  /** Remembers the result of finished work, a JSON value, and how to do it again. */
  setResult(key: string, result: unknown, work?: Work): Promise<void>;
  /** How to do work again whose result was remembered; undefined where that is not known. */
  work(key: string): Promise<Work | undefined>;

  /** The checkpoint of unfinished work; undefined where there is none that is whole. */
  checkpoint(key: string): Promise<Checkpoint | undefined>;
  /** Stores a copy of a file as the checkpoint of unfinished work, in place of the one before. No other work shares it. */
  setCheckpoint(key: string, file: string): Promise<ArtifactRef>;
  /** Forgets the checkpoint of work that is finished. */
  dropCheckpoint(key: string): Promise<void>;

  /** All that lies in the store, in any order. */
  items(): AsyncIterable<Item>;
  /** The artifacts that a result names, and those that it was made of. */
  resultNames(key: string): Promise<readonly ArtifactRef[]>;
  /** The artifacts that the JSON of an artifact names; none where it is no JSON. @throws ArtifactError */
  jsonNames(ref: Digest): Promise<readonly ArtifactRef[]>;
  /** Removes an item unless it was used since `olderThan` (ms since 1970); says whether it did. */
  remove(item: Item, olderThan: number): Promise<boolean>;
}
