import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { sha256OfFile } from '../../../store/digest';
import type { FileStore } from '../../../store/file-store';

/** A file of the store that was computed. */
export interface Derived {
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
}

/** Number of newest files that a draw chooses among: the latest are needed next. */
const newest = 12;

/**
 * Returns an artifact or checkpoint that a draw hits, among the latest made from the user's files; undefined if there
 * is none. The user's own files are left alone: nobody could make them again.
 */
export function drawArtifact({ root }: FileStore, draw: number): Derived | undefined {
  const kept = imported(root);
  const derived = ['objects', 'checkpoints']
    .flatMap((room) => filesIn(join(root, room)))
    .map((path) => ({ path, sha256: basename(path), stat: statSync(path, { throwIfNoEntry: false }) }))
    .filter(({ sha256, stat }) => stat?.isFile() && isDigest.test(sha256) && !kept.has(sha256))
    .sort((a, b) => b.stat!.mtimeMs - a.stat!.mtimeMs)
    .slice(0, newest);
  const drawn = derived[Math.floor(draw * derived.length)];
  return drawn && { sha256: drawn.sha256, path: drawn.path, bytes: drawn.stat!.size };
}

/** Tells if it is complete in the store. */
export const isWhole = ({ path, sha256 }: Derived): Promise<boolean> =>
  sha256OfFile(path).then(
    (digest) => digest === sha256,
    () => false,
  );

const isDigest = /^[0-9a-f]{64}$/;

const filesIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
    : [];

function imported(root: string): Set<string> {
  const notes = filesIn(join(root, 'imports'));
  return new Set(notes.map((path) => (JSON.parse(readFileSync(path, 'utf8')) as { sha256: string }).sha256));
}
