import { createHash } from 'node:crypto';
import { extname } from 'node:path';

import { RemoteError } from './remote-error';

/** A file, or a folder of files, on another machine. */
export interface RemoteUrl {
  /** As it was written. */
  readonly text: string;
  readonly kind: 's3' | 'web';
  /** Bucket, or host with its port. */
  readonly host: string;
  /** Names of the way to it: of the key, or of the URL's path as it is encoded. */
  readonly names: readonly string[];
  /** True if it ends with a slash. */
  readonly isFolder: boolean;
  /** The part after `?`. */
  readonly query: string;
}

const shape = /^(s3|https?):\/\//i;

/**
 * Parses the address of a file or folder: `s3://bucket/key`, `https://host/path`, `http://host/path`.
 * @throws RemoteError `SourceRefused` for what is none, for one with a password in it, and for one that leads upwards
 */
export function remoteUrl(text: string): RemoteUrl {
  const refuse = (why: string) => new RemoteError('SourceRefused', `${redacted(text)} ${why}`);
  const scheme = shape.exec(text)?.[1].toLowerCase();
  if (scheme === undefined) throw refuse('is no s3:// or https:// address');
  if (scheme === 's3') {
    const [, host, key] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})\/(.+)$/is.exec(text) ?? [];
    if (host === undefined) throw refuse('must be s3://bucket/key, or s3://bucket/folder/');
    return { text, kind: 's3', host, ...parts(key, refuse), query: '' };
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refuse('is no valid address');
  }
  if (url.username || url.password)
    throw refuse(
      'has a name or password in it, which would be kept with the run: use a signed address, or an address that needs none',
    );
  // `URL` resolves `..` silently; what somebody wrote should be what is fetched.
  if (/(^|[/\\])(\.|%2e){2}([/\\?#]|$)/i.test(text)) throw refuse('leads upwards (..)');
  if (url.pathname === '/') throw refuse('names no file');
  return { text, kind: 'web', host: url.host, ...parts(url.pathname.slice(1), refuse), query: url.search };
}

function parts(path: string, refuse: (why: string) => Error): Pick<RemoteUrl, 'names' | 'isFolder'> {
  const isFolder = path.endsWith('/');
  const names = path.replace(/\/$/, '').split('/');
  if (names.some((name) => name === '' || name === '.' || name === '..' || /[\0\\]/.test(name)))
    throw refuse('has an empty name in it, or one that leads elsewhere (., ..)');
  return { names, isFolder };
}

/** Returns the name of an address in a folder of copies: the way to it, each part as a name that every system takes. */
export function mirrorName({ kind, host, names, query }: RemoteUrl): string {
  const way = names.map(plainName);
  // Addresses that differ in their query are different files.
  if (query) way.splice(-1, 0, `query-${digest(query)}`);
  return [kind, plainName(host), ...way].join('/');
}

/** Returns the name that the copy of a file has in the copy of its folder. */
export const namesInside = (names: readonly string[]): string => names.map(plainName).join('/');

/** Longest name, in bytes; systems allow 255, and temporary files are named after it. */
const longest = 160;

/** Makes a name that is safe to write: letters, digits and a few signs stay, and so does its extension. */
function plainName(name: string): string {
  const safe = name.replace(/[^\w.@=,+-]/g, (character) =>
    encodeURIComponent(character).replaceAll('%', '~'),
  );
  if (safe.length <= longest && !safe.startsWith('.')) return safe;
  return `${digest(name)}${extname(safe).slice(0, 16)}`;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 32);

/** Returns an address without its query, which may hold a signature, and without a password, for messages. */
export const redacted = (text: string): string => text.replace(/[?#].*$/s, '').replace(/\/\/[^/@]*@/, '//…@');
