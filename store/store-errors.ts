import type { Digest } from './artifact';

/** What is wrong with an artifact: its file is gone, or its bytes are not those of its digest. */
export type ArtifactProblem = 'ArtifactMissing' | 'ArtifactCorrupt';

/** Files of the store that can't be used. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';

  constructor(
    readonly code: ArtifactProblem,
    message: string,
    /** The artifacts meant. */
    readonly artifacts: readonly Digest[],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What keeps a store from being written to or reached; each can pass, or be mended from outside, while a run waits. */
export type StoreProblem = 'StoreFull' | 'StoreReadOnly' | 'StoreRefused' | 'StoreUnreachable';

/** A store that can't be used for now. Nothing of what was being written is left in it. */
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

/** Codes of the operating system's errors, what they mean for a store, and what a person can do. */
const meanings: Record<string, readonly [StoreProblem, string]> = {
  ENOSPC: ['StoreFull', 'the disk is full: free some of it (`slimflow gc --dry-run` shows what could go)'],
  EDQUOT: [
    'StoreFull',
    'the quota is used up: free some of it (`slimflow gc --dry-run` shows what could go)',
  ],
  EFBIG: [
    'StoreFull',
    'the file is larger than the file system or the limit of the process allows: raise it',
  ],
  EROFS: ['StoreReadOnly', 'the file system is read-only: make it writable, or name another store'],
  EACCES: ['StoreReadOnly', 'this user may not write there: give it the right to, or name another store'],
  EPERM: ['StoreReadOnly', 'this user may not write there: give it the right to, or name another store'],
  EIO: ['StoreUnreachable', 'the disk reports an error'],
  ESTALE: ['StoreUnreachable', 'the network file system has lost it'],
  ETIMEDOUT: ['StoreUnreachable', 'the network file system does not answer'],
};

/**
 * An error of the operating system as what it means for the store at `where`; any other as it is, so also where it is of a
 * file outside the store's `folder`. The code is looked for in the message too: an error that crossed threads lost its own.
 */
export function storeError(error: unknown, where: string, folder: string): unknown {
  if (!(error instanceof Error) || error instanceof StoreError) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const meaning = meanings[code ?? /^([A-Z]{3,}): /.exec(message)?.[1] ?? ''];
  if (!meaning || (path !== undefined && !path.startsWith(folder))) return error;
  return new StoreError(meaning[0], `${where}: ${meaning[1]} (${message})`, { cause: error });
}
