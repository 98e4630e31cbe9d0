import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';

/** An entry of the cache: the arrays of one packed source. */
export interface PackedEntry {
  /** Path of the images, `.npy`. */
  readonly images: string;
  /** Path of the labels, `.npy`; undefined if the source has none. */
  readonly labels?: string;
}

/** Names of the files of an entry. */
const names = { images: 'images.npy', labels: 'labels.npy', summary: 'entry.json' } as const;

/** Sizes of an entry's files in bytes, written last: whatever does not match it is not complete. */
interface Summary {
  readonly images: number;
  readonly labels?: number;
}

/** Days after which an entry that nobody used is removed. */
const daysKept = 30;
const day = 24 * 3600 * 1000;

/** Returns the folder of packed data, in the user's cache: `SLIMFLOW_CACHE`, or `~/.cache/slimflow`. */
export const packedFolder = (): string =>
  join(
    process.env.SLIMFLOW_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slimflow'),
    'data',
  );

/** Returns an entry of the cache; undefined if there is none, or it is not complete. */
export async function packedBefore(name: string): Promise<PackedEntry | undefined> {
  const folder = join(packedFolder(), name);
  try {
    const { images, labels } = JSON.parse(await readFile(join(folder, names.summary), 'utf8')) as Summary;
    const entry = entryIn(folder, labels !== undefined);
    if ((await stat(entry.images)).size !== images) return undefined;
    if (entry.labels !== undefined && (await stat(entry.labels)).size !== labels) return undefined;
    // The time of the last use, by which entries are removed.
    await utimes(folder, new Date(), new Date()).catch(() => undefined);
    return entry;
  } catch {
    return undefined;
  }
}

const entryIn = (folder: string, labelled: boolean): PackedEntry => ({
  images: join(folder, names.images),
  ...(labelled && { labels: join(folder, names.labels) }),
});

/**
 * Makes an entry of the cache: `write` writes its files into a folder of its own, which gets the entry's name when it is
 * complete. If it fails, or the process ends, there is no entry; what a killed process leaves is removed here.
 * @param write returns whether it wrote labels, and another name for the entry if it depends on what was written
 */
export async function packInto(
  name: string,
  write: (to: Required<PackedEntry>) => Promise<{ readonly labelled: boolean; readonly name?: string }>,
): Promise<PackedEntry> {
  const root = packedFolder();
  await mkdir(root, { recursive: true, mode: 0o700 });
  await removeOld(root);
  const temporary = join(root, `.${name}.${hostname()}.${process.pid}.${randomUUID()}.tmp`);
  const clean = () => rmSync(temporary, { recursive: true, force: true });
  // Also if a second Ctrl-C, or anything else, ends the process.
  process.once('exit', clean);
  try {
    await mkdir(temporary, { mode: 0o700 });
    const to = { images: join(temporary, names.images), labels: join(temporary, names.labels) };
    const { labelled, name: own = name } = await write(to);
    const summary: Summary = {
      images: await settledSize(to.images),
      ...(labelled && { labels: await settledSize(to.labels) }),
    };
    await writeFile(join(temporary, names.summary), JSON.stringify(summary));
    await settledSize(join(temporary, names.summary));
    const folder = join(root, own);
    // Another process may have made it meanwhile: then that one is used, as it may be open already.
    const theirs = await packedBefore(own);
    if (theirs) return theirs;
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    return entryIn(folder, labelled);
  } finally {
    process.off('exit', clean);
    clean();
  }
}

/** Flushes a file to the disk and returns its size. */
async function settledSize(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Removes entries that were not used for long, and what processes that have ended left half-written. */
async function removeOld(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > daysKept * day || isLeft(name))
      await rm(path, { recursive: true, force: true });
  }
}

/** Tells if a folder was being written by a process of this machine that is no longer there. */
function isLeft(name: string): boolean {
  const [, host, pid] = /^\..+?-[0-9a-f]{16}\.(.+)\.(\d+)\.[0-9a-f-]{36}\.tmp$/.exec(name) ?? [];
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
