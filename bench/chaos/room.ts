import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { isAlive } from '../../store/scratch';

/** Location of a store, and a way to fill its file system. */
export interface Room {
  readonly path: string;
  /** Description for people. */
  readonly how: string;
  /** Leaves no byte for the given processes. */
  fill(pids: readonly number[]): void;
  /** Frees the space again. */
  clear(pids: readonly number[]): void;
  close(): void;
}

/**
 * Makes a separate file system in memory if this process may mount one, otherwise a folder with limits on file sizes.
 */
export const makeRoom = (path: string, megabytes: number): Room =>
  mountedRoom(path, megabytes) ?? limitedRoom(path);

/** Mounts a tmpfs of a number of megabytes; undefined if that is not permitted. */
function mountedRoom(path: string, megabytes: number): Room | undefined {
  mkdirSync(path, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0755`, 'slimflow-chaos', path], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  const filler = join(path, '.filler');
  return {
    path,
    how: `a tmpfs of ${megabytes} MB, filled to the last byte`,
    fill: () => fillWith(filler),
    clear: () => rmSync(filler, { force: true }),
    close: () => execFileSync('umount', ['--lazy', path]),
  };
}

function fillWith(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let bytes = 1 << 20; bytes >= 1;) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
  } finally {
    closeSync(file);
  }
}

/** A plain folder: the processes are forbidden to write into any file, which needs no privilege. */
export function limitedRoom(path: string): Room {
  mkdirSync(path, { recursive: true });
  const limit = (pids: readonly number[], bytes: string) => {
    for (const pid of pids) {
      try {
        execFileSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:`], { stdio: 'pipe' });
      } catch (error) {
        if (isAlive(pid)) throw error;
      }
    }
  };
  return {
    path,
    how: 'a file size limit of 0 (EFBIG) on the workers: this process may not mount a file system',
    fill: (pids) => limit(pids, '0'),
    clear: (pids) => limit(pids, 'unlimited'),
    close: () => undefined,
  };
}
