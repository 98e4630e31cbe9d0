import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statSync,
  lstatSync,
} from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';

/*
 * Files that people name, or that a model names, may be anything: a folder, a FIFO that nobody writes to, a device
 * without an end, or one of these put in the place of a file that was looked at a moment ago. So a file is opened
 * once, and what is checked is the open file.
 */

/** Ways in which a file may be reached. */
export interface Reach {
  /** True if the path may be a symbolic link, as users' own paths may (the default). */
  readonly follow?: boolean;
}

/** Returns why something can't be read as a file, in words that follow its name; undefined for a regular file. */
function objection(status: BigIntStats): string | undefined {
  if (status.isFile()) return undefined;
  if (status.isDirectory()) return 'it is not a file, but a folder';
  if (status.isFIFO()) return 'it is not a file, but a FIFO';
  if (status.isSymbolicLink()) return 'it is not a file, but a symbolic link';
  if (status.isSocket()) return 'it is not a file, but a socket';
  return 'it is not a file, but a device';
}

function check(status: BigIntStats): BigIntStats {
  const why = objection(status);
  if (why !== undefined) throw new Error(why);
  return status;
}

/** Opening a FIFO must not wait for somebody to write to it. */
const flags = (follow: boolean) =>
  constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (follow ? 0 : (constants.O_NOFOLLOW ?? 0));

/**
 * Opens a regular file for reading; the caller closes it.
 * @throws Error that says what it is, if it is anything else
 */
export function openRegularSync(
  path: string,
  { follow = true }: Reach = {},
): { file: number; status: BigIntStats } {
  // Opening some devices does something; whatever is put there afterwards is found out by the second look.
  check(follow ? statSync(path, { bigint: true }) : lstatSync(path, { bigint: true }));
  const file = openSync(path, flags(follow));
  try {
    return { file, status: check(fstatSync(file, { bigint: true })) };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

/** Does as `openRegularSync`, without blocking this thread. */
export async function openRegular(
  path: string,
  { follow = true }: Reach = {},
): Promise<{ file: FileHandle; status: BigIntStats }> {
  check(await (follow ? stat : lstat)(path, { bigint: true }));
  const file = await open(path, flags(follow));
  try {
    return { file, status: check(await file.stat({ bigint: true })) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a whole regular file.
 * @param most bytes that it may have
 * @throws Error if it is larger, or cut short meanwhile
 */
export function readRegularSync(path: string, most: number, reach?: Reach): Buffer<ArrayBuffer> {
  const { file, status } = openRegularSync(path, reach);
  try {
    const size = Number(status.size);
    if (size > most) throw new Error(`it has ${size} bytes; at most ${most} are read`);
    const bytes = Buffer.alloc(size);
    readFully(file, bytes, 0);
    return bytes;
  } finally {
    closeSync(file);
  }
}

/**
 * Fills `bytes` from an open file.
 * @throws Error if it ends before
 */
export function readFully(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    // A single read takes at most 2 GiB.
    const got = readSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30), position + done);
    if (!got) throw new Error(`it ends after ${position + done} bytes: it was cut short while it was read`);
    done += got;
  }
}

/** Identifies a file as it is now: another one in its place, or any change of its content, has another identity. */
export const identityOf = ({ dev, ino, size, mtimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs].join(' ');
