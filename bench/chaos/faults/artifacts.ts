import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { FileStore } from '../../../store/store';

/** A file of the store that was computed. */
export interface Derived {
  readonly sha256: string;
  readonly path: string;
  readonly bytes: number;
}

/** How many of the newest files a draw chooses among: what was just made is what is needed next. */
const newest = 12;

/**
 * An artifact that a draw hits, of those last made from the user's files; undefined where there is none. The user's own files
 * are left alone: nobody could make them again.
 */
export function drawArtifact({ root }: FileStore, draw: number): Derived | undefined {
  const kept = imported(root);
  const objects = join(root, 'objects');
  const derived = readdirSync(objects, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ sha256: name.split('/').at(-1)!, path: join(objects, name) }))
    .map((file) => ({ ...file, stat: statSync(file.path, { throwIfNoEntry: false }) }))
    .filter(({ sha256, stat }) => stat?.isFile() && !kept.has(sha256))
    .sort((a, b) => b.stat!.mtimeMs - a.stat!.mtimeMs)
    .slice(0, newest);
  const drawn = derived[Math.floor(draw * derived.length)];
  return drawn && { sha256: drawn.sha256, path: drawn.path, bytes: drawn.stat!.size };
}

function imported(root: string): Set<string> {
  const notes = join(root, 'imports');
  return new Set(
    readdirSync(notes).map(
      (name) => (JSON.parse(readFileSync(join(notes, name), 'utf8')) as { sha256: string }).sha256,
    ),
  );
}
