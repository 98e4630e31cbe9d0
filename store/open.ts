import { checkS3Packages } from './bucket';
import { FileStore } from './file-store';
import { S3Store } from './s3-store';
import type { Store } from './store';

/** Options for opening a store. */
export interface OpenOptions {
  /** Local folder for files of an S3 store that jobs open by path. */
  readonly cache?: string;
  /** Most bytes it may hold; SLIMFLOW_CACHE_BYTES by default, else 20 GiB. */
  readonly cacheBytes?: number;
  /**
   * Time in ms without data after which a connection to an S3 server is dropped and the request repeated; 60,000 by
   * default.
   */
  readonly idleMs?: number;
}

/**
 * Opens the store named by a folder or by `s3://bucket/prefix`.
 * @throws RangeError for another URL, or when S3's packages are not installed
 * @example
 * ```ts
 * import { openStore } from 'slimflow';
 *
 * const store = openStore('store'); // or s3://bucket/prefix
 * const { uri, sha256 } = await store.import('model.onnx');
 * console.log(uri, sha256);
 * ```
 */
export function openStore(where: string, options: OpenOptions = {}): Store {
  if (where.startsWith('s3://')) {
    checkS3Packages(`store ${where}`);
    return new S3Store(where, options);
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(where))
    throw new RangeError(`store ${where} must be a folder or s3://bucket/prefix`);
  return new FileStore(where);
}
