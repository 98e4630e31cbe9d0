/*
 * Sends random and mutated requests to all activities, and watches which files the process opens, makes or removes:
 *
 *    npm run attack:requests -- --count 100000 --seed 1
 *
 * It runs itself under strace, which reports every system call that names a file, and fails if one named a path outside
 * the store that is not the program's own. Without strace (`--unwatched`), only the paths that jobs are given are checked.
 */
import { Command } from 'commander';
import { spawnSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { attackActivities } from '../../test/support/attacked-activities';

/** Files that Node, its libraries and the program's own modules open, wherever they are installed. */
const own = [
  realpathSync(join(__dirname, '..', '..', '..')),
  realpathSync(join(__dirname, '..', '..', '..', 'node_modules')),
  '/proc/',
  '/sys/',
  '/lib',
  '/usr/lib',
  '/usr/local/lib',
  '/usr/bin',
  '/etc/ld.so',
  '/etc/ssl/openssl.cnf',
  '/usr/share/zoneinfo',
  '/etc/localtime',
  '/dev/urandom',
  '/usr/local/ssl',
  '/usr/include',
];

/** Asked for at the end, so that a log which shows nothing is not taken for a process that did nothing. */
const canary = '/nowhere/slimflow-canary';

const file = /^\d+ +(\w+)\((?:AT_FDCWD, |\d+(?:<[^>]*>)?, )?"((?:[^"\\]|\\.)*)"/;

/** Paths of a strace log, once the marker was touched, that are neither in `folder` nor the program's own. */
async function strangersIn(log: string, folder: string, marker: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  let isOn = false;
  for await (const line of createInterface(createReadStream(log))) {
    const [, call, path] = file.exec(line) ?? [];
    if (path === marker) isOn = true;
    if (!isOn || path === undefined || path === '') continue;
    const at = resolve(path);
    if (
      at === '/' ||
      at.startsWith(folder) ||
      folder.startsWith(at) ||
      own.some((start) => at.startsWith(start))
    )
      continue;
    found.set(`${call} ${path}`, (found.get(`${call} ${path}`) ?? 0) + 1);
  }
  return found;
}

async function main(): Promise<number> {
  const program = new Command('attack:requests')
    .option('--count <n>', 'requests', Number, 100_000)
    .option('--seed <n>', 'of the first request', Number, 1)
    .option('--unwatched', 'without strace')
    .option('--folder <path>', 'used by the watched process')
    .parse();
  const { count, seed, unwatched, folder } = program.opts<{
    count: number;
    seed: number;
    unwatched?: boolean;
    folder?: string;
  }>();
  if (folder !== undefined || unwatched) {
    const at = folder ?? mkdtempSync(join(tmpdir(), 'slimflow-requests-'));
    const outcomes = await attackActivities(at, count, seed);
    if (folder === undefined) rmSync(at, { recursive: true });
    existsSync(canary);
    console.log(`${count} requests (seed ${seed}): ${JSON.stringify(outcomes)}`);
    return 0;
  }
  const home = mkdtempSync(join(realpathSync(tmpdir()), 'slimflow-requests-'));
  try {
    const [log, inner] = [join(home, 'strace'), join(home, 'inside')];
    const { status, error } = spawnSync(
      'strace',
      [
        '-f',
        '-qq',
        '-s',
        '4096',
        '-e',
        'trace=%file',
        '-o',
        log,
        process.execPath,
        __filename,
        '--count',
        String(count),
        '--seed',
        String(seed),
        '--folder',
        inner,
      ],
      { stdio: 'inherit' },
    );
    if (error) throw error;
    if (status !== 0) return status ?? 1;
    // The store is made first: what was opened before that loaded the program.
    const strangers = await strangersIn(log, inner, join(inner, 'store', 'scratch'));
    const isSeen = [...strangers.keys()].some((what) => what.endsWith(canary));
    if (!isSeen) throw new Error(`the log has no trace of ${canary}, which the process did ask for`);
    for (const what of strangers.keys()) if (what.endsWith(canary)) strangers.delete(what);
    for (const [what, times] of strangers) console.error(`outside the store: ${what} (${times} times)`);
    console.log(`files outside the store that system calls named: ${strangers.size}`);
    return strangers.size ? 1 : 0;
  } finally {
    rmSync(home, { recursive: true });
  }
}

void main().then(
  (status) => (process.exitCode = status),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
