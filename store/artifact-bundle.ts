import { constants } from 'node:fs';
import { copyFile, mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { sha256, sha256OfFile } from './digest';
import { readJson, sync } from './files';

/*
 * A bundle is several files that belong together: the first is opened by its path and finds the others beside it, as an
 * ONNX model finds its weights. In the store it is a folder that holds the files under their own names, and a list of
 * them, whose digest is the bundle's. A bundle of one file is that file.
 */

/** A file of a bundle. */
export interface Member {
  /** Its path from the folder of the first file. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** The name of the list of a bundle's files. */
export const listName = 'files.json';
/** The content of it. */
export const listOf = (members: readonly Member[]): string => JSON.stringify(members);

/** The digest of a bundle; of one file, that of its bytes. */
export const digestOf = (members: readonly Member[]): string =>
  members.length === 1 ? members[0].sha256 : sha256(listOf(members));

export const bytesOf = (members: readonly Member[]): number =>
  members.reduce((sum, { bytes }) => sum + bytes, 0);

/** The digest of files that belong together, the first one's folder around the others: any byte changes it. */
export const sha256OfFiles = async (paths: readonly string[]): Promise<string> =>
  digestOf(await membersOf(paths, namesOf(paths)));

/** Copies files into a new folder, or renames them into it; by reflink where the file system can. */
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
  // The copies are what is hashed, so that the digests are theirs even if the sources change meanwhile.
  return membersOf(copies, names);
}

/** Where the list of a bundle's folder lies. */
export const listPath = (folder: string): string => join(folder, listName);

/** What the list of a bundle's folder is to hold, and where. */
export const listFile = (folder: string, members: readonly Member[]): [path: string, text: string] => [
  listPath(folder),
  listOf(members),
];

/** The files that a bundle's folder lists; none where it has no list. */
export const listed = async (folder: string): Promise<Member[]> =>
  ((await readJson(listPath(folder))) as Member[] | undefined) ?? [];

async function membersOf(paths: readonly string[], names: readonly string[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const [at, path] of paths.entries())
    members.push({ name: names[at], sha256: await sha256OfFile(path), bytes: (await stat(path)).size });
  return members;
}

/** Names of files from the first one's folder. @throws RangeError where one lies elsewhere */
function namesOf(paths: readonly string[]): string[] {
  const folder = dirname(resolve(paths[0]));
  return paths.map((path) => {
    const name = relative(folder, resolve(path));
    if (isAbsolute(name) || name === '..' || name.startsWith(`..${sep}`))
      throw new RangeError(`${path} does not lie in the folder of ${basename(paths[0])}`);
    return name.split(sep).join('/');
  });
}

/** Renames within a file system; false where the two names lie on different ones. */
export async function tryRename(from: string, to: string): Promise<boolean> {
  return rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EXDEV') return false;
      throw error;
    },
  );
}
