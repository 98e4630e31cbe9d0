import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { identityOf, openRegular } from '../engine/regular-file';
import type { Digest } from './artifact';
import { eachPiece, sha256OfFile } from './digest';

/** Turns the error of a missing file into undefined. */
export function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Returns a unique name next to `path`, which is no longer than file names may be. */
export const temporaryName = (path: string): string =>
  join(dirname(path), `.${basename(path).slice(0, 50)}.${process.pid}.${randomUUID()}.tmp`);

/** Syncs a file that is already written, and renames it to its final name. */
export async function settle(temporary: string, path: string): Promise<void> {
  await sync(temporary);
  await rename(temporary, path);
  await sync(dirname(path));
}

/** Writes a file so that it is there completely or not at all, even after a power cut. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  temporary = temporaryName(path),
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    await file.writeFile(content);
    await file.close();
    await settle(temporary, path);
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Copies a regular file to a new one, by reflink if the file system can, and hashes what was copied.
 * @returns the digest of the copy
 * @throws Error if the file is anything else, or changes while it is copied
 */
export async function copyHashed(from: string, to: string): Promise<Digest> {
  const { file, status } = await openRegular(from);
  try {
    const bytes = Number(status.size);
    if (await cloned(file, to)) return { sha256: await sha256OfFile(to), bytes };
    const hash = createHash('sha256');
    const copy = await open(to, 'wx');
    try {
      const copied = await eachPiece(file, bytes, async (piece) => {
        hash.update(piece);
        await copy.writeFile(piece);
      });
      if (copied !== bytes || identityOf(await file.stat({ bigint: true })) !== identityOf(status))
        throw new Error(`${from} was changed while it was read: wait until it is complete, then start again`);
    } finally {
      await copy.close();
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await file.close();
  }
}

/** Clones an open file, which neither reads nor writes it; returns false if the file system can't. */
async function cloned({ fd }: FileHandle, to: string): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const mode = constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL;
  try {
    await copyFile(`/proc/self/fd/${fd}`, to, mode);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
    await rm(to, { force: true });
    return false;
  }
}

/** Reads the JSON in a file; undefined if there is none, or it is not JSON. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Flushes a file's content, or a folder's names, to disk. */
export async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
