import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

import { root } from './paths';

/**
 * The folder that a worker is started in, and its Temporal server: the one of the folder's state unless an address is
 * given.
 */
export interface WorkerPlace {
  readonly folder?: string;
  readonly address?: string;
}

/** A `slimflow worker` in a process of its own, as a user would start it. */
export class WorkerProcess {
  readonly ended: Promise<{ status: number | null; signal: NodeJS.Signals | null }>;
  private readonly child: ChildProcess;
  private out = '';
  private healthPort = 0;

  private constructor({ folder, address }: WorkerPlace, options: readonly string[]) {
    const main = join(root, 'dist', 'cli', 'main.js');
    this.child = spawn(process.execPath, [main, 'worker', '--health-port', '0', ...options], {
      cwd: folder,
      env: { ...process.env, ...(address !== undefined && { TEMPORAL_ADDRESS: address }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.ended = new Promise((resolve) =>
      this.child.once('close', (status, signal) => resolve({ status, signal })),
    );
  }

  /** Resolves once it takes tasks. */
  static async start(place: WorkerPlace, ...options: string[]): Promise<WorkerProcess> {
    const one = new WorkerProcess(place, options);
    await new Promise<void>((resolve, reject) => {
      one.child.stderr!.on('data', (data) => (one.out += String(data)));
      one.child.stdout!.on('data', (data) => {
        one.out += String(data);
        const line = one.out.split('\n').find((text) => text.includes('"working for'));
        if (!line) return;
        one.healthPort = (JSON.parse(line) as { healthPort: number }).healthPort;
        resolve();
      });
      void one.ended.then(() => reject(new Error(`the worker ended: ${one.out}`)));
    });
    return one;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Its output so far. */
  get said(): string {
    return this.out;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The answer of its health endpoint. */
  async health(path: string): Promise<{ status: number; told?: { jobs: number } }> {
    const reply = await fetch(`http://127.0.0.1:${this.healthPort}${path}`);
    const text = await reply.text();
    return { status: reply.status, told: text ? (JSON.parse(text) as { jobs: number }) : undefined };
  }
}
