import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readJson, writeAtomically } from '../store/files';
import { isAlive } from '../store/scratch';
import { answers } from './probe';

/** What `server.json` in the state folder says of the server that runs on the folder's database. */
export interface ServerRecord {
  readonly address: string;
  readonly ui: string;
  readonly pid: number;
  readonly port: number;
  readonly uiPort: number;
}

/**
 * Temporal's development server on a database file in a state folder. It is a process of its own, so that it outlives a
 * killed client and the next one finds it; whoever uses it leaves a note with its process id, and the last to leave
 * stops it.
 */
export class DevServer {
  private readonly recordFile: string;
  private readonly users: string;

  constructor(private readonly folder: string) {
    this.recordFile = join(folder, 'server.json');
    this.users = join(folder, 'server-users');
  }

  /** The recorded server, if it still answers. */
  async running(): Promise<ServerRecord | undefined> {
    const record = (await readJson(this.recordFile)) as ServerRecord | undefined;
    return record && isAlive(record.pid) && (await answers(record.address)) ? record : undefined;
  }

  /** The running server, or one started with `binary`. */
  async start(binary: string): Promise<ServerRecord> {
    await mkdir(this.folder, { recursive: true });
    const unlock = await this.lock();
    try {
      return (await this.running()) ?? (await this.spawn(binary));
    } finally {
      await unlock();
    }
  }

  /** Notes that this process uses the server. */
  async join(): Promise<void> {
    await mkdir(this.users, { recursive: true });
    await writeFile(join(this.users, String(process.pid)), '');
  }

  /** Takes this process's note away, and stops the server if nobody else uses it; true when it was stopped. */
  async leave(): Promise<boolean> {
    await rm(join(this.users, String(process.pid)), { force: true });
    const others = (await readdir(this.users).catch(() => [])).filter((pid) => isAlive(Number(pid)));
    const record = await this.running();
    if (others.length || !record) return false;
    process.kill(record.pid, 'SIGTERM');
    for (let waited = 0; isAlive(record.pid) && waited < 5000; waited += 50) await sleep(50);
    if (isAlive(record.pid)) process.kill(record.pid, 'SIGKILL');
    return true;
  }

  private async spawn(binary: string): Promise<ServerRecord> {
    const before = (await readJson(this.recordFile)) as ServerRecord | undefined;
    // Links into the UI stay good where the ports of last time are still free.
    const port = await freePort(before?.port);
    const uiPort = await freePort(before?.uiPort);
    const logFile = join(this.folder, 'temporal.log');
    const log = openSync(logFile, 'w');
    const database = join(this.folder, 'temporal.db');
    const where = ['--ip', '127.0.0.1', '--port', `${port}`, '--ui-port', `${uiPort}`];
    // A group of its own: a Ctrl-C in the terminal is the client's to hear, not the server's.
    const child = spawn(
      binary,
      ['server', 'start-dev', ...where, '--db-filename', database, '--log-level', 'error'],
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    child.unref();
    let failed: string | undefined;
    child.on('error', (error) => (failed = error.message));
    child.on('exit', (code, signal) => (failed ??= `it ended with ${signal ?? `status ${code}`}`));
    const address = `127.0.0.1:${port}`;
    for (let waited = 0; waited < 30_000 && !failed; waited += 100) {
      if (await answers(address)) {
        const record = { address, ui: `http://127.0.0.1:${uiPort}`, pid: child.pid!, port, uiPort };
        await writeAtomically(this.recordFile, JSON.stringify(record));
        return record;
      }
      await sleep(100);
    }
    if (!failed) child.kill('SIGKILL');
    const tail = (await readFile(logFile, 'utf8')).trim().split('\n').at(-1) ?? '';
    throw new Error(
      `the Temporal server ${binary} did not start: ${failed ?? 'no answer in 30 seconds'}. ${tail} (see ${logFile})`,
    );
  }

  /** Two processes that start at once must not both open the database. */
  private async lock(): Promise<() => Promise<void>> {
    const path = join(this.folder, 'server.lock');
    for (let waited = 0; waited < 60_000; waited += 100) {
      try {
        const file = await open(path, 'wx');
        await file.writeFile(String(process.pid));
        await file.close();
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = Number(await readFile(path, 'utf8').catch(() => ''));
      if (holder && !isAlive(holder)) await rm(path, { force: true });
      else await sleep(100);
    }
    throw new Error(
      `another process is starting a Temporal server for a minute now; remove ${path} if it is not`,
    );
  }
}

/** A free TCP port of this machine: the preferred one if it is free. */
async function freePort(preferred = 0): Promise<number> {
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      const probe = createServer().once('error', reject);
      probe.listen(port, '127.0.0.1', () => {
        const { port } = probe.address() as { port: number };
        probe.close(() => resolve(port));
      });
    });
  return listen(preferred).catch(() => listen(0));
}
