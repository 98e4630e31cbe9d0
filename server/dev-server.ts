import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { readJson, writeAtomically } from '../store/files';
import { isAlive } from '../store/scratch';
import { locked } from './lock';
import { answers, isOpen } from './reachable';

/** The file in the state folder that holds the history. */
export const databaseName = 'temporal.db';

/** How long a server whose process and port are there may be silent: it is at work, or the machine is. */
const silenceMs = 60_000;
/** How often a port that was free may turn out to be taken, when no other has to be kept. */
const maxPorts = 3;

/** What `server.json` in the state folder says of the server that runs on the folder's database. */
export interface ServerRecord {
  readonly address: string;
  readonly ui: string;
  readonly pid: number;
  readonly port: number;
  readonly uiPort: number;
}

type Ports = Pick<ServerRecord, 'port' | 'uiPort'>;

/**
 * Temporal's development server on a database file in a state folder. It is a process of its own, so that it outlives a
 * killed client and the next one finds it; whoever uses it leaves a note with its process id, and the last to leave
 * stops it. One that dies under its users is started again by any of them (`revive`), and work goes on from the database.
 */
export class DevServer {
  private readonly recordFile: string;
  private readonly users: string;

  /** @param patienceMs how long a server that runs, but does not answer, is waited for */
  constructor(
    private readonly folder: string,
    private readonly patienceMs = silenceMs,
  ) {
    this.recordFile = join(folder, 'server.json');
    this.users = join(folder, 'server-users');
  }

  /**
   * The recorded server, if it still runs.
   * @throws Error where it hangs: a second one beside it would write into the same database
   */
  async running(): Promise<ServerRecord | undefined> {
    const until = performance.now() + this.patienceMs;
    for (;;) {
      const record = await this.listening();
      if (!record || (await answers(record.address))) return record;
      if (performance.now() > until)
        throw new Error(
          `the Temporal server of ${this.folder} (process ${record.pid}, ${record.address}) runs, but does not answer: wait until it does, or end it, and it is started again`,
        );
      await sleep(100);
    }
  }

  /** Joins the running server, or one started with `binary`; `isNew` tells which. */
  async start(binary: () => Promise<string>): Promise<{ record: ServerRecord; isNew: boolean }> {
    // Noted before it is looked for, under the lock in which the last to leave stops it: it can't vanish in between.
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

  /** Joins the running server; undefined where none runs. */
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
   * Starts the server again, at the address that its users have, once it has ended without having been told to; true
   * when this call started it, false where it runs (one that hangs runs).
   * @throws Error where it does not start, or another program has taken its port
   */
  async revive(address: string, binary: () => Promise<string>): Promise<boolean> {
    if (await isOpen(address)) return false;
    return this.locked(async () => {
      const record = await this.recorded();
      // Another of its users may have started it while this one waited for the lock.
      if (!record || (await isOpen(address))) return false;
      // One that was asked to end closes its port first, and then its database.
      await ended(record.pid, 10_000);
      await this.spawn(await binary(), { port: record.port });
      return true;
    });
  }

  /** Takes this process's note away, and stops the server if nobody else uses it; true when it was stopped. */
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
      await ended(record.pid, 5000);
      if (isAlive(record.pid)) process.kill(record.pid, 'SIGKILL');
      await ended(record.pid, 5000);
      return true;
    });
  }

  private async join(): Promise<void> {
    await mkdir(this.users, { recursive: true });
    await writeFile(join(this.users, String(process.pid)), '');
  }

  private part(): Promise<void> {
    return rm(join(this.users, String(process.pid)), { force: true });
  }

  /** The recorded server while its process is there, and its port open, whether it answers or hangs. */
  private async listening(): Promise<ServerRecord | undefined> {
    const record = await this.recorded();
    return record && isAlive(record.pid) && (await isOpen(record.address)) ? record : undefined;
  }

  private async recorded(): Promise<ServerRecord | undefined> {
    return (await readJson(this.recordFile)) as ServerRecord | undefined;
  }

  private locked<T>(work: () => Promise<T>): Promise<T> {
    return locked(join(this.folder, 'server.lock'), work);
  }

  /** @param at the port that it must have; else that of last time is taken where it is free */
  private async spawn(binary: string, at?: { port: number }): Promise<ServerRecord> {
    const before = await this.recorded();
    for (let tries = 1; ; tries++) {
      // Links into the UI stay good where the ports of last time are still free.
      const port = await freePort(at?.port ?? before?.port);
      if (at && port !== at.port)
        throw new Error(`another program has taken port ${at.port}, where the Temporal server was`);
      const ports = { port, uiPort: await freePort(before?.uiPort) };
      const { pid, failed } = await this.launch(binary, ports);
      if (failed === undefined) {
        const { address, ui } = addresses(ports);
        const record = { address, ui, pid, ...ports };
        await writeAtomically(this.recordFile, JSON.stringify(record));
        return record;
      }
      // Between the look at a port and the start, another program may have taken it.
      const isTaken = /address already in use/.test(failed);
      if (at || !isTaken || tries === maxPorts)
        throw new Error(`the Temporal server ${binary} did not start: ${failed}`);
    }
  }

  /** Starts a process and waits until it answers; `failed` says why it does not. */
  private async launch(binary: string, ports: Ports): Promise<{ pid: number; failed?: string }> {
    const logFile = join(this.folder, 'temporal.log');
    const log = openSync(logFile, 'w');
    const database = join(this.folder, databaseName);
    const where = ['--ip', '127.0.0.1', '--port', `${ports.port}`, '--ui-port', `${ports.uiPort}`];
    // A group of its own: a Ctrl-C in the terminal is the client's to hear, not the server's.
    const child = spawn(
      binary,
      ['server', 'start-dev', ...where, '--db-filename', database, '--log-level', 'error'],
      { stdio: ['ignore', log, log], detached: true },
    );
    closeSync(log);
    child.unref();
    let ended: string | undefined;
    child.on('error', (error) => (ended = error.message));
    child.on('exit', (code, signal) => (ended ??= `it ended with ${signal ?? `status ${code}`}`));
    const { address } = addresses(ports);
    for (const end = Date.now() + silenceMs; !ended && Date.now() < end; await sleep(100))
      if ((await answers(address)) && !ended) return { pid: child.pid! };
    if (!ended) child.kill('SIGKILL');
    const tail = (await readFile(logFile, 'utf8')).trim().split('\n').at(-1) ?? '';
    const why = ended ?? `no answer in ${silenceMs / 1000} seconds`;
    return { pid: NaN, failed: `${why}. ${tail} (see ${logFile})` };
  }
}

/** Waits until a process has ended, or so long. */
async function ended(pid: number, ms: number): Promise<void> {
  for (let waited = 0; isAlive(pid) && waited < ms; waited += 50) await sleep(50);
}

/** Where a server with these ports answers, and where its UI is. */
const addresses = ({ port, uiPort }: Ports) => ({
  address: `127.0.0.1:${port}`,
  ui: `http://127.0.0.1:${uiPort}`,
});

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
