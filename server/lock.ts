import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive } from '../store/scratch';

/** Time in ms to wait for the lock: enough for a holder that downloads a server and starts it. */
const patienceMs = 600_000;
/**
 * Time in ms from creating a lock file to writing the process id; one that stays empty longer was left by a dead
 * process.
 */
const unnamedMs = 10_000;

/**
 * Runs `work` while this process, among those on this machine, holds the lock file; one left by a dead process is taken
 * over.
 * @throws Error if another process holds it for ten minutes
 */
export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await acquire(path);
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function acquire(path: string): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += 100) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await holderOf(path);
    if (holder ? !isAlive(holder) : await isOld(path)) await takeAway(path, holder);
    else await sleep(100);
  }
  throw new Error(`another process has held ${path} for ten minutes; if none is running, remove the file`);
}

const isOld = async (path: string): Promise<boolean> => {
  const made = await stat(path).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > unnamedMs;
};

const holderOf = async (path: string): Promise<number> =>
  Number(await readFile(path, 'utf8').catch(() => ''));

/** Removes the lock of a dead process (0 if it has not written its id), and no other that has replaced it meanwhile. */
async function takeAway(path: string, dead: number): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}`;
  try {
    await rename(path, aside);
  } catch {
    return; // somebody else was faster
  }
  if ((await holderOf(aside)) === dead) await rm(aside, { force: true });
  else await rename(aside, path);
}
