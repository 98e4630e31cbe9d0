import type { Digest } from './artifact';

/** Problem of an artifact: its file is missing, or its bytes do not match its digest. */
export type ArtifactProblem = 'ArtifactMissing' | 'ArtifactCorrupt';

/** Artifacts of the store that can't be used. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';

  constructor(
    readonly code: ArtifactProblem,
    message: string,
    /** The artifacts concerned. */
    readonly artifacts: readonly Digest[],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Reasons why a store can't be written to or reached; each may pass, or be fixed from outside, while a run waits. */
export type StoreProblem = 'StoreFull' | 'StoreReadOnly' | 'StoreRefused' | 'StoreUnreachable';

/** The store can't be used for now. Nothing of what was being written is left in it. */
export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The operating system's error codes, what they mean for a store, and what a person can do. */
const meanings: Record<string, readonly [StoreProblem, string]> = {
  ENOSPC: [
    'StoreFull',
    'the disk is full: free some space (`slimflow gc --dry-run` shows what could be removed)',
  ],
  EDQUOT: [
    'StoreFull',
    'the quota is used up: free some space (`slimflow gc --dry-run` shows what could be removed)',
  ],
  EFBIG: [
    'StoreFull',
    "the file is larger than the file system or the process's limit allows: raise the limit",
  ],
  EROFS: ['StoreReadOnly', 'the file system is read-only: make it writable, or use another store'],
  EACCES: ['StoreReadOnly', 'this user may not write there: grant it permission, or use another store'],
  EPERM: ['StoreReadOnly', 'this user may not write there: grant it permission, or use another store'],
  EIO: ['StoreUnreachable', 'the disk reports an I/O error: check the disk'],
  ESTALE: ['StoreUnreachable', 'the network file system has lost the file: check the mount'],
  ETIMEDOUT: ['StoreUnreachable', 'the network file system does not answer: check the mount'],
};

/**
 * Turns an operating system's error into what it means for the store at `where`; other errors, and those of files
 * outside the store's `folder`, are returned as they are. The code is looked for in the message too, since errors
 * passed between threads lose theirs.
 */
export function storeError(error: unknown, where: string, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const meaning = meanings[code ?? /^([A-Z]{3,}): /.exec(message)?.[1] ?? ''];
  if (!meaning || (path !== undefined && !path.startsWith(folder))) return error;
  return new StoreError(meaning[0], `${where}: ${meaning[1]} (${message})`, { cause: error });
}
