import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive } from '../store/scratch';

const patienceMs = 60_000;

/**
 * Does `work` while this process alone, of those on this machine, holds the lock file; one that a dead process left is
 * taken over.
 * @throws Error when another process holds it for a minute
 */
export async function locked<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
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
    if (holder && !isAlive(holder)) await takeAway(path, holder);
    else await sleep(100);
  }
  throw new Error(`another process holds ${path} for a minute now; remove it if none does`);
}

const holderOf = async (path: string): Promise<number> =>
  Number(await readFile(path, 'utf8').catch(() => ''));

/** Removes the lock of a dead process, and no other that came in its place meanwhile. */
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
