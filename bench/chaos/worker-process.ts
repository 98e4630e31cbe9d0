import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive } from '../../store/scratch';

/** Settings of a worker. */
export interface WorkerPlace {
  readonly address: string;
  readonly taskQueue: string;
  /** Root of the store. */
  readonly store: string;
}

/** Milliseconds from the death of a worker to the start of the next. */
const restartMs = 1000;

/**
 * A worker in a separate process, which is started again whenever it ends, as Kubernetes does with a pod's. Its output
 * goes through a pipe into a log, so that a limit on the sizes of its files does not hit the log.
 */
export class WorkerProcess {
  private child?: ChildProcess;
  private readonly log: WriteStream;
  private closing = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly place: WorkerPlace,
    logFile: string,
  ) {
    this.log = createWriteStream(logFile, { flags: 'a' });
    this.running = this.keep();
  }

  /** Id of the running process; undefined between two. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Signals the process, if one runs. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Ends it for good: asks first, even if it is paused, and kills it if it has not ended after half a minute. */
  async close(): Promise<void> {
    this.closing = true;
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const limit = setTimeout(() => this.signal('SIGKILL'), 30_000);
    await this.running;
    clearTimeout(limit);
    await new Promise((resolve) => this.log.end(resolve));
  }

  private async keep(): Promise<void> {
    while (!this.closing) {
      await this.once();
      if (!this.closing) await sleep(restartMs);
    }
  }

  private once(): Promise<void> {
    const { address, taskQueue, store } = this.place;
    const command = join(__dirname, '..', '..', 'cli', 'main.js');
    // Threads and slots are the same on every machine, so that numbers are too.
    const shares = ['--queue', 'all', '--slots', '2', '--threads', '1'];
    const child = spawn(
      process.execPath,
      [command, 'worker', ...shares, '--task-queue', taskQueue, '--store', store],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TEMPORAL_ADDRESS: address } },
    );
    this.child = child;
    this.log.write(`${new Date().toISOString()} worker ${child.pid} started\n`);
    child.stdout.pipe(this.log, { end: false });
    child.stderr.pipe(this.log, { end: false });
    return new Promise((resolve) => {
      child.on('close', (status, signal) => {
        this.child = undefined;
        this.log.write(`${new Date().toISOString()} worker ${child.pid} ended: ${signal ?? status}\n`);
        resolve();
      });
    });
  }
}

/** Waits until a process is gone. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(20);
}
