import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Bucket, type BucketEntry, checkS3Packages } from '../bucket';
import { cachesFolder, standardCacheBytes } from '../cache';
import { pathIn } from '../checked-names';
import { sha256 } from '../digest';
import { ignoreMissing, readJson, settle, temporaryName, writeAtomically } from '../files';
import { StoreError } from '../store-errors';
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
 * not downloaded again: its ETag tells. What nobody asked for in 30 days
 * is removed, and what was used least recently if all of it grows beyond `mostBytes`.
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
    const path = pathIn(this.root, name);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const found = await (url.kind === 'web'
      ? this.webFile(url, path, known, options)
      : this.bucketFiles(url, path, known?.objects ?? {}, options));
    await writeAtomically(note, JSON.stringify({ ...found, name, used: Date.now() } satisfies Fetched));
    await this.trim(note);
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
    if (!isHere) onDownload?.(text);
    try {
      const validators = await downloadWeb(text, temporary, {
        signal,
        allow,
        idleMs,
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
    const waiting = [...entries];
    const lane = async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) {
        options.signal?.throwIfAborted();
        const [name, entry] = next;
        const copy = name === '' ? path : pathIn(path, name);
        const here = await stat(copy).catch(ignoreMissing);
        const isSame = here?.size === entry.bytes && entry.etag !== undefined && known[name] === entry.etag;
        if (!isSame) await download(bucket, entry, copy, options);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    const objects = Object.fromEntries([...entries].map(([name, { etag = '' }]) => [name, etag]));
    return { bytes, objects };
  }

  /** Removes what is old, or too much; never what was just fetched. */
  private async trim(current: string): Promise<void> {
    const notes = join(this.root, 'notes');
    const all: { readonly note: string; readonly fetched: Fetched }[] = [];
    let left = 0;
    for (const name of await readdir(notes)) {
      const note = join(notes, name);
      const fetched = (await readJson(note)) as Fetched | undefined;
      left += fetched?.bytes ?? 0;
      if (fetched && note !== current) all.push({ note, fetched });
    }
    const old = Date.now() - daysKept * dayMs;
    // What another process fetched within the hour may be in use.
    const recent = Date.now() - dayMs / 24;
    for (const { note, fetched } of all.sort((a, b) => a.fetched.used - b.fetched.used)) {
      if (fetched.used > recent || (fetched.used > old && left <= this.mostBytes)) return;
      await rm(pathIn(this.root, fetched.name), { recursive: true, force: true });
      await rm(note, { force: true });
      left -= fetched.bytes;
    }
  }
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
