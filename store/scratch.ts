import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';

const host = hostname().replaceAll(/[^\w.-]/g, '_');

/** Temporary folders. Each name contains the host and process that made it, so that a dead process's can be recognized. */
export class Scratch {
  constructor(private readonly root: string) {}

  /** Runs `work` with a fresh folder, which is removed afterwards however `work` ends. */
  async use<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await this.name();
    await mkdir(folder);
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Returns a fresh path for a file or folder, which the caller renames or removes. */
  async name(): Promise<string> {
    // A store that is made is its user's alone; one that is there keeps the rights that its owner gave it.
    await mkdir(dirname(this.root), { recursive: true, mode: 0o700 });
    await mkdir(this.root, { recursive: true });
    return join(this.root, `${host}~${process.pid}~${randomUUID().slice(0, 8)}`);
  }

  /** Removes what processes of this host left behind when they ended without cleaning up. */
  async sweep(): Promise<void> {
    const names = await readdir(this.root).catch(() => []);
    const left = names.filter((name) => name.startsWith(`${host}~`) && isLeft(name));
    await Promise.all(left.map((name) => rm(join(this.root, name), { recursive: true, force: true })));
  }
}

/**
 * Tells if a folder is abandoned: its process ran on this host and has ended. Of another host's folder nothing is
 * known.
 */
export function isLeft(name: string): boolean {
  const [madeOn, pid] = name.split('~');
  return madeOn !== host || !isAlive(Number(pid));
}

/** Tells if a process of that id runs on this host. */
export function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
