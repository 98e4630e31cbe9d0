import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Digest } from './artifact';
import { sha256OfFile } from './digest';
import { copyHashed, ignoreMissing, settle } from './files';
import { checkpointName, checkpointsName, isDigest, pathIn, pointerName } from './checked-names';
import type { Notes } from './notes';
import type { Scratch } from './scratch';

/** Reads the note on a key's current checkpoint; undefined if there is none, or it names none. */
export async function currentOf(notes: Notes, key: string): Promise<Digest | undefined> {
  const { sha256, bytes } = ((await notes.get(pointerName(key))) ?? {}) as Partial<Digest>;
  return isDigest(sha256) && typeof bytes === 'number' ? { sha256, bytes } : undefined;
}

/**
 * Checkpoints in a local folder: `<key>/<sha256>`, and a note that names the current one. A checkpoint belongs to its
 * key alone: dropping it takes nothing from work that happens to have equal bytes.
 */
export class CheckpointFolder {
  constructor(
    private readonly root: string,
    private readonly notes: Notes,
    private readonly scratch: Scratch,
  ) {}

  /** Returns the digest of a key's current checkpoint; undefined if there is none. */
  latest(key: string): Promise<Digest | undefined> {
    return currentOf(this.notes, key);
  }

  /** Returns the path of a checkpoint's file; undefined unless it is there and complete. */
  async path(key: string, { sha256, bytes }: Digest): Promise<string | undefined> {
    const path = this.pathOf(key, sha256);
    const file = await lstat(path).catch(ignoreMissing);
    if (!file?.isFile() || file.size !== bytes) return undefined;
    return (await sha256OfFile(path, { follow: false })) === sha256 ? path : undefined;
  }

  /** Copies a file as the checkpoint of a key, replacing the previous one. */
  async set(key: string, file: string): Promise<Digest> {
    return this.scratch.use(async (folder) => {
      const copy = join(folder, 'checkpoint');
      const digest = await copyHashed(file, copy);
      await this.take(key, digest, copy);
      return digest;
    });
  }

  /** Moves in a file of known digest as the checkpoint of a key, and returns its path. */
  async take(key: string, digest: Digest, file: string): Promise<string> {
    const before = await this.latest(key);
    const path = this.pathOf(key, digest.sha256);
    await mkdir(dirname(path), { recursive: true });
    await settle(file, path);
    await this.notes.set(pointerName(key), digest);
    // A second worker may have taken over the work, believing this one dead: what is current now stays.
    const now = await this.latest(key);
    if (before && before.sha256 !== digest.sha256 && before.sha256 !== now?.sha256)
      await rm(this.pathOf(key, before.sha256), { force: true });
    return path;
  }

  async drop(key: string): Promise<void> {
    await rm(pathIn(this.root, checkpointsName(key)), { recursive: true, force: true });
  }

  private pathOf(key: string, digest: string): string {
    return pathIn(this.root, checkpointName(key, digest));
  }
}
