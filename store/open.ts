import { FileStore } from './file-store';
import { S3Store } from './s3-store';
import type { Store } from './store';

export interface OpenOptions {
  /** Local folder for files of an S3 store that jobs open by path. */
  readonly cache?: string;
  /** Bytes that it may hold; 20 GiB by default, SLIMFLOW_CACHE_BYTES where that is set. */
  readonly cacheBytes?: number;
  /** How long a connection to an S3 server may stand still before the request is made again; 60,000 ms by default. */
  readonly idleMs?: number;
}

/** The store that is named by a folder or by `s3://bucket/prefix`. @throws RangeError for another URL */
export function openStore(where: string, options: OpenOptions = {}): Store {
  if (where.startsWith('s3://')) return new S3Store(where, options);
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(where))
    throw new RangeError(`store ${where}: a store is a folder or s3://bucket/prefix`);
  return new FileStore(where);
}
