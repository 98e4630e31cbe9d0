import { copyFile, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Digest } from './artifact';
import { sha256OfFile } from './digest';
import { ignoreMissing, settle } from './files';
import type { FileNotes } from './notes';
import type { Scratch } from './scratch';

/** Name of the note that says which file of a checkpoint's folder is current. */
export const pointerOf = (key: string): string => `checkpoints/${key}/latest.json`;

/** Name of a checkpoint's file. */
export const checkpointName = (key: string, digest: string): string => `checkpoints/${key}/${digest}`;

/**
 * Checkpoints in a local folder: `<key>/<sha256>`, and a note that names the current one. A checkpoint belongs to its
 * key alone: dropping it takes nothing from work that happens to have equal bytes.
 */
export class CheckpointFolder {
  constructor(
    private readonly root: string,
    private readonly notes: FileNotes,
    private readonly scratch: Scratch,
  ) {}

  /** Returns the digest of a key's current checkpoint; undefined if there is none. */
  async latest(key: string): Promise<Digest | undefined> {
    return (await this.notes.get(pointerOf(key))) as Digest | undefined;
  }

  /** Returns the path of a checkpoint's file; undefined unless it is there and complete. */
  async path(key: string, { sha256, bytes }: Digest): Promise<string | undefined> {
    const path = this.pathOf(key, sha256);
    const file = await stat(path).catch(ignoreMissing);
    return file?.size === bytes && (await sha256OfFile(path)) === sha256 ? path : undefined;
  }

  /** Copies a file as the checkpoint of a key, replacing the previous one. */
  async set(key: string, file: string): Promise<Digest> {
    return this.scratch.use(async (folder) => {
      const copy = join(folder, 'checkpoint');
      await copyFile(file, copy);
      const digest = await this.digest(copy);
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
    await this.notes.set(pointerOf(key), digest);
    // A second worker may have taken over the work, believing this one dead: what is current now stays.
    const now = await this.latest(key);
    if (before && before.sha256 !== digest.sha256 && before.sha256 !== now?.sha256)
      await rm(this.pathOf(key, before.sha256), { force: true });
    return path;
  }

  /** Computes the digest of a file. */
  async digest(file: string): Promise<Digest> {
    return { sha256: await sha256OfFile(file), bytes: (await stat(file)).size };
  }

  async drop(key: string): Promise<void> {
    await rm(join(this.root, 'checkpoints', key), { recursive: true, force: true });
  }

  private pathOf(key: string, digest: string): string {
    return join(this.root, checkpointName(key, digest));
  }
}
