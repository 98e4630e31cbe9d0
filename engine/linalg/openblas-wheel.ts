import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { openblasWheel, pipOptions } from '../pinned-wheels';
import { lapackFolder, wheelLibrary } from './lapack-library';

const execute = promisify(execFile);

/**
 * Installs OpenBLAS without administrator's rights: pip unpacks the wheel scipy-openblas32 into Slimflow's cache, where
 * `findLapack` looks last. Does nothing if it is already there.
 * @returns the library's path
 * @throws Error with pip's message if there is no Python, no pip, or no wheel for this platform
 */
export async function installOpenblas(): Promise<string> {
  const library = wheelLibrary();
  if (existsSync(library)) return library;
  await mkdir(lapackFolder(), { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(lapackFolder(), '.wheel-'));
  const python = process.platform === 'win32' ? 'python' : 'python3';
  try {
    const options = await pipOptions(openblasWheel, folder);
    await execute(python, ['-m', 'pip', 'install', '--target', folder, ...options], { timeout: 300_000 });
    const unpacked = join(folder, 'scipy_openblas32');
    await rename(unpacked, join(lapackFolder(), 'scipy_openblas32')).catch((error: Error) => {
      if (!existsSync(library)) throw error; // otherwise another process was faster
    });
    return library;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
