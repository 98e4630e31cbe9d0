import type { ArtifactRef, Digest } from './artifact';
import type { Scratch } from './scratch';

/** The request of an activity, kept under the key of the work: enough to repeat it. */
export interface Work {
  readonly activity: string;
  readonly request: unknown;
}

/** State that unfinished work resumes from. */
export interface Checkpoint {
  readonly ref: ArtifactRef;
  /** Its local file, verified. */
  readonly path: string;
}

/**
 * Place at which others read an artifact: a path, in a folder that they share; or URLs that work for a week, of its first file and
 * of the others by their names.
 */
export type Shared =
  { readonly path: string } | { readonly url: string; readonly others?: Readonly<Record<string, string>> };

/** Parts of a store. */
export type Room = 'objects' | 'results' | 'checkpoints' | 'imports' | 'placed' | 'uploads' | 'scratch';

/** Something in a store. */
export interface Item {
  readonly room: Room;
  /** Digest of an artifact, key of a piece of work, or a name. */
  readonly name: string;
  readonly bytes: number;
  /** When it was last written or used, in ms since 1970. */
  readonly time: number;
}

/**
 * Content-addressed artifacts, the results computed with them, and the progress of unfinished work. Everything is there
 * completely or not at all, whoever writes at the same time and whenever a writer dies.
 *
 * Every method may throw a StoreError if the store is full, read-only or unreachable: retrying may help.
 */
export interface Store {
  /** Folder or `s3://bucket/prefix`, as `openStore` takes it. */
  readonly where: string;
  /** Local folders of work in progress. */
  readonly scratch: Scratch;

  /** Returns an identifier that stays with this store even if it is moved. */
  id(): Promise<string>;

  /** Stores bytes. */
  putBytes(bytes: Uint8Array | string): Promise<ArtifactRef>;
  /** Stores a value as JSON. */
  putJson(value: unknown): Promise<ArtifactRef>;
  /** Stores a copy of a file; `move` may take the file itself. */
  putFile(path: string, options?: { move?: boolean }): Promise<ArtifactRef>;
  /**
   * Stores copies of files that belong together as one artifact, whose local path is that of the first; the others keep
   * their places relative to it. One file is an artifact like any other.
   * @throws RangeError if a file is outside the folder of the first
   */
  putFiles(paths: readonly string[], options?: { move?: boolean }): Promise<ArtifactRef>;
  /**
   * Imports a user's file, or files that belong together; files imported before that have not changed are not read
   * again.
   */
  import(...paths: readonly string[]): Promise<ArtifactRef>;

  /**
   * Returns the local path of an artifact, verified.
   * @throws ArtifactError
   */
  path(ref: Digest): Promise<string>;
  /**
   * Returns the local paths of artifacts.
   * @throws ArtifactError that names every one that is missing or corrupt
   */
  paths(refs: readonly ArtifactRef[]): Promise<string[]>;
  /**
   * Says where others may read an artifact.
   * @throws ArtifactError if it is missing or corrupt
   */
  share(ref: Digest): Promise<Shared>;
  /** Says where others may put the file that a piece of work waits for. */
  place(key: string): Promise<Shared>;
  /**
   * Runs `work` with a local copy of what others put there, which is removed afterwards.
   * @returns undefined if there is nothing
   */
  placed<T>(key: string, work: (path: string) => Promise<T>): Promise<T | undefined>;
  /** Removes what others put there. */
  dropPlaced(key: string): Promise<void>;
  /** Tells if an artifact is there. */
  has(ref: Digest): Promise<boolean>;
  /**
   * Reads the JSON of an artifact.
   * @throws ArtifactError
   */
  json<T>(ref: Digest): Promise<T>;
  /**
   * Copies an artifact to a path of the user's, completely or not at all, with the files that belong to it around it.
   * @throws ArtifactError
   */
  export(ref: Digest, path: string): Promise<void>;

  /**
   * Returns the result of finished work; undefined if there is none, or an artifact that it names is missing or
   * corrupt.
   */
  result<T>(key: string): Promise<T | undefined>;
  /** Stores the result of finished work, a JSON value, and how to repeat the work. */
  setResult(key: string, result: unknown, work?: Work): Promise<void>;
  /** Returns how to repeat work whose result was stored; undefined if unknown. */
  work(key: string): Promise<Work | undefined>;

  /** Returns the checkpoint of unfinished work; undefined if there is none that is complete. */
  checkpoint(key: string): Promise<Checkpoint | undefined>;
  /** Stores a copy of a file as the checkpoint of unfinished work, replacing the previous one. No other work shares it. */
  setCheckpoint(key: string, file: string): Promise<ArtifactRef>;
  /** Removes the checkpoint of finished work. */
  dropCheckpoint(key: string): Promise<void>;

  /** Yields everything in the store, in any order. */
  items(): AsyncIterable<Item>;
  /** Lists the artifacts that a result names, and those it was computed from. */
  resultNames(key: string): Promise<readonly ArtifactRef[]>;
  /**
   * Lists the artifacts that the JSON of an artifact names; none if it is not JSON.
   * @throws ArtifactError
   */
  jsonNames(ref: Digest): Promise<readonly ArtifactRef[]>;
  /** Removes an item unless it was used since `olderThan` (ms since 1970), and returns whether it did. */
  remove(item: Item, olderThan: number): Promise<boolean>;
}
