import { constants } from 'node:fs';
import { copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { sha256, sha256OfFile } from './digest';
import { readJson, sync } from './files';

/*
 * A bundle is several files that belong together: the first is opened by its path and finds the others next to it, as
 * an ONNX model finds its weights. In the store it is a folder that holds the files under their own names, and a list
 * of them, whose digest is the bundle's. A bundle of one file is that file.
 */

/** A file of a bundle. */
export interface Member {
  /** Its path relative to the folder of the first file. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** File name of the list of a bundle's files. */
export const listName = 'files.json';
/** Makes that list's content. */
export const listOf = (members: readonly Member[]): string => JSON.stringify(members);

/** Returns the digest of a bundle; for one file, that of its bytes. */
export const digestOf = (members: readonly Member[]): string =>
  members.length === 1 ? members[0].sha256 : sha256(listOf(members));

/** Sums the bytes of a bundle's files. */
export const bytesOf = (members: readonly Member[]): number =>
  members.reduce((sum, { bytes }) => sum + bytes, 0);

/** Computes the digest of files that belong together, named relative to the first one's folder: any byte changes it. */
export const sha256OfFiles = async (paths: readonly string[]): Promise<string> =>
  digestOf(await membersOf(paths, namesOf(paths)));

/** Copies files into a new folder, or renames them into it; by reflink if the file system supports it. */
export async function gather(
  paths: readonly string[],
  folder: string,
  { move = false } = {},
): Promise<Member[]> {
  const names = namesOf(paths);
  const copies = names.map((name) => join(folder, name));
  for (const [at, copy] of copies.entries()) {
    await mkdir(dirname(copy), { recursive: true });
    if (!move || !(await tryRename(paths[at], copy)))
      await copyFile(paths[at], copy, constants.COPYFILE_FICLONE);
    await sync(copy);
  }
  // The copies are hashed, so that the digests are theirs even if the sources change meanwhile.
  return membersOf(copies, names);
}

/** Path of the list in a bundle's folder. */
export const listPath = (folder: string): string => join(folder, listName);

/** Path and content of the list of a bundle's folder. */
export const listFile = (folder: string, members: readonly Member[]): [path: string, text: string] => [
  listPath(folder),
  listOf(members),
];

/** Reads the files that a bundle's folder lists; none if it has no list. */
export const listed = async (folder: string): Promise<Member[]> =>
  ((await readJson(listPath(folder))) as Member[] | undefined) ?? [];

async function membersOf(paths: readonly string[], names: readonly string[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const [at, path] of paths.entries())
    members.push({ name: names[at], sha256: await sha256OfFile(path), bytes: (await stat(path)).size });
  return members;
}

/**
 * Names files relative to the first one's folder.
 * @throws RangeError if one is elsewhere
 */
function namesOf(paths: readonly string[]): string[] {
  const folder = dirname(resolve(paths[0]));
  return paths.map((path) => {
    const name = relative(folder, resolve(path));
    if (isAbsolute(name) || name === '..' || name.startsWith(`..${sep}`))
      throw new RangeError(`${path} must be in the folder of ${basename(paths[0])}`);
    return name.split(sep).join('/');
  });
}

/** Renames within a file system; returns false if the two names are on different ones. */
export async function tryRename(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EXDEV') return false;
      throw error;
    },
  );
}
