import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Reads the files that `make` writes to a folder, which is removed. */
export function madeSeeds(make: (folder: string) => string[]): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-seeds-'));
  try {
    return make(folder).map((path) => readFileSync(path));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
