import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Bucket, type BucketEntry, checkS3Packages } from '../bucket';
import { cachesFolder, standardCacheBytes } from '../cache';
import { isMemberName, pathIn } from '../checked-names';
import { sha256 } from '../digest';
import { ignoreMissing, readJson, settle, temporaryName, writeAtomically } from '../files';
import { StoreError } from '../store-errors';
import { inLanes } from './in-lanes';
import { RemoteError } from './remote-error';
import { mirrorName, namesInside, redacted, type RemoteUrl, remoteUrl } from './remote-url';
import { downloadWeb, type Validators, type WebOptions } from './web-file';

/** Options for fetching files. */
export interface FetchOptions extends Pick<WebOptions, 'signal' | 'allow' | 'idleMs'> {
  /** Called with an address of which something is downloaded. */
  readonly onDownload?: (address: string) => void;
}

/** Note on an address that was fetched. */
interface Fetched extends Found {
  /** Its name in the folder of copies. */
  readonly name: string;
  /** When it was last asked for, in ms since 1970. */
  readonly used: number;
}

/** Description of what is at an address. */
interface Found extends Validators {
  readonly bytes: number;
  /** Of the local copy of a file of the web: time of its last change, in ms since 1970. */
  readonly changed?: number;
  /** ETags of objects of a bucket, by the names of their copies; that of a single file has no name. */
  readonly objects?: Readonly<Record<string, string>>;
}

/** Days after which what nobody asked for is removed. */
const daysKept = 30;
const dayMs = 24 * 3600 * 1000;
/** Files of a folder that are downloaded at a time. */
const atOnce = 8;

/**
 * Copies of files of other machines in a local folder, under names like theirs. A file that has not changed since is
 * not downloaded again: its ETag tells.
 */
export class Mirror {
  constructor(
    private readonly root: string,
    private readonly mostBytes = standardCacheBytes(),
  ) {}

  /** Opens the one in the user's cache. */
  static ofUser(): Mirror {
    return new Mirror(join(cachesFolder(), 'fetched'));
  }

  /**
   * Fetches the file at an address, or all files of a folder in a bucket (`s3://bucket/folder/`).
   * @returns the local path
   * @throws RemoteError, or StoreError if this machine can't keep it
   */
  async fetch(address: string, given: FetchOptions = {}): Promise<string> {
    const url = remoteUrl(address);
    let isTold = false;
    const onDownload = () => {
      if (!isTold) given.onDownload?.(redacted(address));
      isTold = true;
    };
    const options = { ...given, onDownload };
    if (url.isFolder && url.kind === 'web')
      throw new RemoteError(
        'SourceRefused',
        `${redacted(address)} is a folder, which can't be listed over https: name its files, or an archive of them`,
      );
    await mkdir(this.root, { recursive: true, mode: 0o700 });
    const note = pathIn(this.root, `notes/${sha256(address)}.json`);
    const known = (await readJson(note)) as Fetched | undefined;
    const name = `files/${mirrorName(url)}`;
    const path = pathFor(this.root, name, address);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const found = await (url.kind === 'web'
      ? this.webFile(url, path, known, options)
      : this.bucketFiles(url, path, known?.objects ?? {}, options));
    await writeAtomically(note, JSON.stringify({ ...found, name, used: Date.now() } satisfies Fetched));
    return path;
  }

  private async webFile(
    { text }: RemoteUrl,
    path: string,
    known: Fetched | undefined,
    { signal, allow, idleMs, onDownload }: FetchOptions,
  ): Promise<Found> {
    const here = await stat(path).catch(ignoreMissing);
    const isHere = here && known && here.size === known.bytes && here.mtimeMs === known.changed;
    const temporary = temporaryName(path);
    try {
      const validators = await downloadWeb(text, temporary, {
        signal,
        allow,
        idleMs,
        onBody: () => onDownload?.(text),
        mostBytes: this.mostBytes,
        known: isHere ? known : undefined,
      });
      if (!validators && known) return known;
      await settle(temporary, path);
      const { size: bytes, mtimeMs: changed } = await stat(path);
      return { ...validators, bytes, changed };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  private async bucketFiles(
    url: RemoteUrl,
    path: string,
    known: Readonly<Record<string, string>>,
    options: FetchOptions,
  ): Promise<Found> {
    checkS3Packages(url.text);
    const bucket = new Bucket(url.host, '', options.idleMs, 'the bucket');
    const entries = await asRemote(() => (url.isFolder ? entriesOf(bucket, url) : entryOf(bucket, url)));
    const bytes = [...entries.values()].reduce((sum, entry) => sum + entry.bytes, 0);
    if (bytes > this.mostBytes)
      throw new RemoteError(
        'SourceRefused',
        `${url.text} has ${bytes} bytes, more than the ${this.mostBytes} that the cache may hold (SLIMFLOW_CACHE_BYTES)`,
      );
    if (url.isFolder) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      // What is gone from there must be gone here: a folder is read as it is.
      for (const name of await filesIn(path))
        if (!entries.has(name)) await rm(join(path, name), { force: true });
    }
    await inLanes([...entries], atOnce, async ([name, entry]) => {
      options.signal?.throwIfAborted();
      const copy = name === '' ? path : pathFor(path, name, bucket.uri(entry.key));
      const here = await stat(copy).catch(ignoreMissing);
      const isSame = here?.size === entry.bytes && entry.etag !== undefined && known[name] === entry.etag;
      if (!isSame) await download(bucket, entry, copy, options);
    });
    const objects = Object.fromEntries([...entries].map(([name, { etag = '' }]) => [name, etag]));
    return { bytes, objects };
  }

  /**
   * Removes what nobody asked for in 30 days and, if all of it takes more than `mostBytes`, what was used least recently;
   * never what was used within a day, since somebody may be reading it.
   */
  async trim(): Promise<void> {
    const notes = join(this.root, 'notes');
    const all: { readonly note: string; readonly fetched: Fetched }[] = [];
    for (const name of (await readdir(notes).catch(ignoreMissing)) ?? []) {
      const note = join(notes, name);
      const fetched = (await readJson(note)) as Fetched | undefined;
      if (fetched) all.push({ note, fetched });
    }
    let left = all.reduce((sum, { fetched }) => sum + fetched.bytes, 0);
    const now = Date.now();
    for (const { note, fetched } of all.sort((a, b) => a.fetched.used - b.fetched.used)) {
      const idle = now - fetched.used;
      if (idle < dayMs || (idle < daysKept * dayMs && left <= this.mostBytes)) return;
      await rm(pathIn(this.root, fetched.name), { recursive: true, force: true });
      await rm(note, { force: true });
      left -= fetched.bytes;
    }
  }
}

/** Returns the path of a copy. @throws RemoteError if its address is too long for a name here */
function pathFor(root: string, name: string, address: string): string {
  if (isMemberName(name)) return pathIn(root, name);
  throw new RemoteError('SourceRefused', `${redacted(address)} is too long for the name of a file here`);
}

/** Finds the object at an address. @throws RemoteError if there is none */
async function entryOf(bucket: Bucket, { names }: RemoteUrl): Promise<Map<string, BucketEntry>> {
  const entry = await bucket.head(names.join('/'));
  if (!entry) throw missing(bucket.uri(names.join('/')));
  return new Map([['', entry]]);
}

/** Lists the objects of a folder by the names of their copies in it. @throws RemoteError if there are none */
async function entriesOf(bucket: Bucket, { names }: RemoteUrl): Promise<Map<string, BucketEntry>> {
  const prefix = `${names.join('/')}/`;
  const entries = new Map<string, BucketEntry>();
  for await (const entry of bucket.list(prefix)) {
    if (entry.key.endsWith('/')) continue; // a folder's own marker
    const { names: inside } = remoteUrl(bucket.uri(entry.key));
    entries.set(namesInside(inside.slice(names.length)), entry);
  }
  if (!entries.size) throw missing(bucket.uri(prefix));
  return entries;
}

/** Downloads an object; the copy is there completely or not at all. */
async function download(
  bucket: Bucket,
  { key }: BucketEntry,
  path: string,
  { onDownload }: FetchOptions,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = temporaryName(path);
  onDownload?.(bucket.uri(key));
  try {
    if ((await asRemote(() => bucket.download(key, temporary))) === undefined) throw missing(bucket.uri(key));
    await settle(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

const missing = (url: string) => new RemoteError('SourceMissing', `${url} does not exist`);

/** Runs a request to a bucket that is no store of ours. @throws RemoteError if it can't be read */
async function asRemote<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new RemoteError(
      error.code === 'StoreUnreachable' ? 'SourceUnreachable' : 'SourceRefused',
      error.message,
      { cause: error },
    );
  }
}

/** Lists the files in a folder and in those below it, by their names with slashes. */
async function filesIn(folder: string, before = ''): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(folder, before), { withFileTypes: true })) {
    const name = `${before}${entry.name}`;
    found.push(...(entry.isDirectory() ? await filesIn(folder, `${name}/`) : [name]));
  }
  return found;
}
