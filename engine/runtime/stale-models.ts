import { readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { temporaryPrefix as prefix } from '../onnx/weight-links';

/** Another machine or container may share the folder: its processes are unknown here, but finished by then. */
const staleAfterMs = 3_600_000;

/**
 * Removes models left behind by killed processes.
 * @param dead one of them, known to be gone: its models are removed without waiting
 */
export function removeStale(parent = tmpdir(), dead?: number): void {
  for (const name of namesIn(parent)) {
    const pid = name.startsWith(prefix) ? Number(/^\d+/.exec(name.slice(prefix.length))?.[0]) : NaN;
    if (Number.isNaN(pid) || (dead === undefined ? isAlive(pid) : pid !== dead)) continue;
    const folder = join(parent, name);
    try {
      if (pid === dead || Date.now() - statSync(folder).mtimeMs > staleAfterMs)
        rmSync(folder, { recursive: true, force: true });
    } catch {
      // It is another user's, or was removed just now.
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // whoever needs the folder will report it
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
