import { type BigIntStats, readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Prefix of the names of folders in which models are written for ONNX Runtime to open (`temporaryModel`). */
export const temporaryPrefix = 'slimflow-model-';
/** Prefix of the names of large weights' files in them, which are hard links. */
export const linkPrefix = 'weights-';

/**
 * Counts the hard links to a file of weights that jobs have made for ONNX Runtime, here or in other processes, and that
 * will soon be gone.
 */
export function ownLinks({ dev, ino }: BigIntStats): number {
  const isOurs = (path: string) => {
    const link = statSync(path, { bigint: true, throwIfNoEntry: false });
    return link?.dev === dev && link.ino === ino;
  };
  const folders = namesIn(tmpdir(), temporaryPrefix);
  return folders.flatMap((folder) => namesIn(folder, linkPrefix).filter(isOurs)).length;
}

/** Lists the paths in a folder whose names begin so; none if it can't be read. */
function namesIn(folder: string, start: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith(start))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
