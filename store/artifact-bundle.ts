import { mkdir, rename, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';

import type { Digest } from './artifact';
import { sha256, sha256OfFile } from './digest';
import { copyHashed, readJson, sync } from './files';
import { isDigest, isMemberName, pathIn } from './checked-names';

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
  const members: Member[] = [];
  for (const [at, name] of namesOf(paths).entries()) {
    const copy = pathIn(folder, name);
    await mkdir(dirname(copy), { recursive: true });
    members.push({ name, ...(await placed(paths[at], copy, { move })) });
    await sync(copy);
  }
  return members;
}

/**
 * Copies a file to a new path, or renames it. What is hashed is the copy, so that the digest is right even if the source
 * changes meanwhile.
 */
export async function placed(from: string, to: string, { move = false } = {}): Promise<Digest> {
  if (!move || !(await tryRename(from, to))) return copyHashed(from, to);
  return { sha256: await sha256OfFile(to, { follow: false }), bytes: (await stat(to)).size };
}

/** Path of the list in a bundle's folder. */
export const listPath = (folder: string): string => pathIn(folder, listName);

/** Path and content of the list of a bundle's folder. */
export const listFile = (folder: string, members: readonly Member[]): [path: string, text: string] => [
  listPath(folder),
  listOf(members),
];

/** Reads the files that a bundle's folder lists; none if it has no list, or one that is not of files in it. */
export const listed = async (folder: string): Promise<Member[]> =>
  membersIn(await readJson(listPath(folder))) ?? [];

/** Checks the list of a bundle's files, which whoever wrote the bundle made up; undefined if it is none. */
export function membersIn(list: unknown): Member[] | undefined {
  if (!Array.isArray(list) || list.length > mostMembers) return undefined;
  const members = list.map((member: Partial<Member> | null) => ({
    name: member?.name,
    sha256: member?.sha256,
    bytes: member?.bytes,
  }));
  const areMembers = members.every(
    ({ name, sha256, bytes }) =>
      isOwnName(name) && isDigest(sha256) && Number.isSafeInteger(bytes) && bytes! >= 0,
  );
  const areDifferent = new Set(members.map(({ name }) => name)).size === members.length;
  return areMembers && areDifferent ? (members as Member[]) : undefined;
}

const mostMembers = 1_000_000;

/** The list itself is in the same folder. */
const isOwnName = (name: unknown): name is string => isMemberName(name) && name !== listName;

async function membersOf(paths: readonly string[], names: readonly string[]): Promise<Member[]> {
  const members: Member[] = [];
  for (const [at, path] of paths.entries())
    members.push({ name: names[at], sha256: await sha256OfFile(path), bytes: (await stat(path)).size });
  return members;
}

/**
 * Names files relative to the first one's folder.
 * @throws RangeError if one is elsewhere, or has a name that a bundle can't have
 */
function namesOf(paths: readonly string[]): string[] {
  const folder = dirname(resolve(paths[0]));
  return paths.map((path) => {
    const name = relative(folder, resolve(path));
    if (isAbsolute(name) || name === '..' || name.startsWith(`..${sep}`))
      throw new RangeError(`${path} must be in the folder of ${basename(paths[0])}`);
    const own = name.split(sep).join('/');
    if (!isOwnName(own))
      throw new RangeError(
        `${path} has a name that the store can't keep beside a model: give it another one`,
      );
    return own;
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
