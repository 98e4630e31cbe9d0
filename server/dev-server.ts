import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readJson, writeAtomically } from '../store/files';
import { isAlive } from '../store/scratch';
import { locked } from './lock';
import { answers, isOpen } from './reachable';
import { addresses, isServerOf, type Ports, recordIn, type ServerRecord } from './server-record';

/** File in the state folder that holds the history. */
export const databaseName = 'temporal.db';

/** Time in ms that a server with a live process and an open port may be silent: it, or the machine, may be busy. */
const silenceMs = 60_000;
/** Maximum number of ports to try if a free one turns out to be taken and no particular one is required. */
const maxPorts = 3;

/**
 * Temporal's development server on a database file in a state folder. It runs as a separate process, so that it
 * outlives a killed client and the next one finds it; each user leaves a note with its process id, and the last to
 * leave stops it. If it dies while in use, any user can restart it (`revive`), and work resumes from the database.
 */
export class DevServer {
  private readonly recordFile: string;
  private readonly users: string;
  private readonly database: string;

  /**
   * @param patienceMs how long to wait for a server that runs but does not answer
   */
  constructor(
    private readonly folder: string,
    private readonly patienceMs = silenceMs,
  ) {
    this.recordFile = join(folder, 'server.json');
    this.users = join(folder, 'server-users');
    this.database = resolve(folder, databaseName);
  }

  /**
   * Returns the recorded server if it is still running.
   * @throws Error if it hangs: a second one would write to the same database
   */
  async running(): Promise<ServerRecord | undefined> {
    const until = performance.now() + this.patienceMs;
    for (;;) {
      const record = await this.listening();
      if (!record || (await answers(record.address))) return record;
      if (performance.now() > until)
        throw new Error(
          `the Temporal server of ${this.folder} (process ${record.pid}, ${record.address}) is running but does not answer: wait until it does, or kill it, and it will be restarted`,
        );
      await sleep(100);
    }
  }

  /** Joins the running server, or starts one with `binary`; `isNew` is true if started. */
  async start(binary: () => Promise<string>): Promise<{ record: ServerRecord; isNew: boolean }> {
    // Noted before looking for it, under the lock in which the last to leave stops it, so that it can't vanish in
    // between.
    await this.join();
    try {
      return await this.locked(async () => {
        const running = await this.running();
        return { record: running ?? (await this.spawn(await binary())), isNew: !running };
      });
    } catch (error) {
      await this.part();
      throw error;
    }
  }

  /** Joins the running server; undefined if none is running. */
  async find(): Promise<ServerRecord | undefined> {
    if (!(await this.recorded())) return undefined;
    await this.join();
    let running: ServerRecord | undefined;
    try {
      return (running = await this.locked(() => this.running()));
    } finally {
      if (!running) await this.part();
    }
  }

  /**
   * Restarts the server at its users' address after it has ended unexpectedly; returns true if this call did, false if
   * it is running (even if it hangs).
   * @throws Error if it does not start, or another program has taken its port
   */
  async revive(address: string, binary: () => Promise<string>): Promise<boolean> {
    if (await isOpen(address)) return false;
    return this.locked(async () => {
      const record = await this.recorded();
      // Another of its users may have restarted it while this one waited for the lock.
      if (!record || (await isOpen(address))) return false;
      // A server that is stopping closes its port first, and its database later.
      await this.ended(record, 10_000);
      await this.spawn(await binary(), { port: record.port });
      return true;
    });
  }

  /** Removes this process's note, and stops the server if nobody else uses it; returns true if it was stopped. */
  async leave(): Promise<boolean> {
    if (!(await this.recorded())) {
      await this.part();
      return false;
    }
    return this.locked(async () => {
      await this.part();
      const others = (await readdir(this.users).catch(() => [])).filter((pid) => isAlive(Number(pid)));
      const record = await this.listening();
      if (others.length || !record) return false;
      process.kill(record.pid, 'SIGTERM');
      await this.ended(record, 5000);
      if (this.isOurs(record)) process.kill(record.pid, 'SIGKILL');
      await this.ended(record, 5000);
      return true;
    });
  }

  private async join(): Promise<void> {
    await mkdir(this.users, { recursive: true, mode: 0o700 });
    await writeFile(join(this.users, String(process.pid)), '');
  }

  private part(): Promise<void> {
    return rm(join(this.users, String(process.pid)), { force: true });
  }

  /** Returns the recorded server while its process is alive and its port open, whether it answers or hangs. */
  private async listening(): Promise<ServerRecord | undefined> {
    const record = await this.recorded();
    return record && this.isOurs(record) && (await isOpen(record.address)) ? record : undefined;
  }

  private async recorded(): Promise<ServerRecord | undefined> {
    return recordIn(await readJson(this.recordFile));
  }

  private isOurs({ pid }: ServerRecord): boolean {
    return isServerOf(pid, this.database);
  }

  /** Waits until a process is no server of this folder any more, at most `ms`. */
  private async ended(record: ServerRecord, ms: number): Promise<void> {
    for (let waited = 0; this.isOurs(record) && waited < ms; waited += 50) await sleep(50);
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    return locked(join(this.folder, 'server.lock'), work);
  }

  /**
   * @param at the port that it must have; otherwise the previous one is used if it is free
   */
  private async spawn(binary: string, at?: { port: number }): Promise<ServerRecord> {
    const before = await this.recorded();
    for (let tries = 1; ; tries++) {
      // Links into the UI stay valid if the previous ports are still free.
      const port = await freePort(at?.port ?? before?.port);
      if (at && port !== at.port)
        throw new Error(`another program has taken the Temporal server's port ${at.port}`);
      const ports = { port, uiPort: await freePort(before?.uiPort) };
      const { pid, failed } = await this.launch(binary, ports);
      if (failed === undefined) {
        const { address, ui } = addresses(ports);
        const record = { address, ui, pid, ...ports };
        await writeAtomically(this.recordFile, JSON.stringify(record));
        return record;
      }
      // Another program may take the port between the check and the start.
      const isTaken = /address already in use/.test(failed);
      if (at || !isTaken || tries === maxPorts)
        throw new Error(`the Temporal server ${binary} did not start: ${failed}`);
    }
  }

  /** Starts a process and waits until it answers; `failed` says why it does not. */
  private async launch(binary: string, ports: Ports): Promise<{ pid: number; failed?: string }> {
    const logFile = join(this.folder, 'temporal.log');
    const log = openSync(logFile, 'w');
    const where = ['--ip', '127.0.0.1', '--port', `${ports.port}`, '--ui-port', `${ports.uiPort}`];
    // In its own process group: a Ctrl-C in the terminal is for the client, not for the server.
    const child = spawn(
      binary,
      ['server', 'start-dev', ...where, '--db-filename', this.database, '--log-level', 'error'],
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    child.unref();
    let ended: string | undefined;
    child.on('error', (error) => (ended = error.message));
    child.on('exit', (code, signal) => (ended ??= `it exited with ${signal ?? `status ${code}`}`));
    const { address } = addresses(ports);
    for (const end = Date.now() + silenceMs; !ended && Date.now() < end; await sleep(100))
      if ((await answers(address)) && !ended) return { pid: child.pid! };
    if (!ended) child.kill('SIGKILL');
    const tail = (await readFile(logFile, 'utf8')).trim().split('\n').at(-1) ?? '';
    const why = ended ?? `no answer in ${silenceMs / 1000} seconds`;
    return { pid: NaN, failed: `${why}. ${tail} (see ${logFile})` };
  }
}

/** Finds a free TCP port of this machine: the preferred one if it is free. */
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
