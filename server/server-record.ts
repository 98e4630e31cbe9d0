import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';

import { isAlive } from '../store/scratch';

/** Contents of `server.json` in the state folder: the server that runs on the folder's database. */
export interface ServerRecord {
  readonly address: string;
  readonly ui: string;
  readonly pid: number;
  readonly port: number;
  readonly uiPort: number;
}

export type Ports = Pick<ServerRecord, 'port' | 'uiPort'>;

/** Returns the addresses of a server and its UI with these ports: on this machine alone. */
export const addresses = ({ port, uiPort }: Ports) => ({
  address: `127.0.0.1:${port}`,
  ui: `http://127.0.0.1:${uiPort}`,
});

/**
 * Checks what a `server.json` holds, which came with the folder: whoever made the folder may have written it. Undefined
 * unless it names ports of this machine and a process.
 */
export function recordIn(content: unknown): ServerRecord | undefined {
  const { pid, port, uiPort, address, ui } = (content ?? {}) as Partial<ServerRecord>;
  if (!isWithin(pid, 2 ** 31) || !isWithin(port, 65535) || !isWithin(uiPort, 65535)) return undefined;
  const ours = addresses({ port, uiPort });
  return address === ours.address && ui === ours.ui ? { pid, port, uiPort, ...ours } : undefined;
}

const isWithin = (value: unknown, most: number): value is number =>
  Number.isInteger(value) && Number(value) > 0 && Number(value) <= most;

/**
 * Tells if a process is a server of this user on that database, so that it may be waited for, and stopped. Where the
 * system does not show a process's command (Windows), any process of that id is taken for one.
 */
export function isServerOf(pid: number, database: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform === 'win32') return true;
  try {
    const words = process.platform === 'linux' ? ownWords(pid) : wordsByPs(pid);
    const at = words.indexOf('--db-filename');
    return words.includes('start-dev') && at > 0 && isSame(words[at + 1] ?? '', database);
  } catch {
    return false; // it has just ended, or is another user's
  }
}

function ownWords(pid: number): string[] {
  if (statSync(`/proc/${pid}`).uid !== process.getuid!()) return [];
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
}

/** The words of a command; a path with spaces in it is put together again. */
function wordsByPs(pid: number): string[] {
  const options = ['-ww', '-o', 'command=', '-u', String(process.getuid!()), '-p', String(pid)];
  const command = execFileSync('ps', options, { encoding: 'utf8' }).trim();
  const [, before, database] = /^(.*) --db-filename (.*) --log-level /.exec(command) ?? [];
  return [...(before ?? '').split(' '), '--db-filename', database ?? ''];
}

/** Tells if two paths lead to the same file, which may not be there yet. */
function isSame(a: string, b: string): boolean {
  return a === b || realpathSync(a) === realpathSync(b);
}
