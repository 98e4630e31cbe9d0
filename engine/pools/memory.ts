import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

import { EngineError } from '../errors';
import { modelBytes } from './slots';
import type { JobName, Jobs } from '../jobs/types';

const MiB = 2 ** 20;
/** What a process of its own takes before it has a model: Node, ONNX Runtime, the batches of a data set. */
const base = 256 * MiB;
/** Bytes that a job takes for each byte of the model's weights: copies of the graph, of sessions, of optimizer state. */
const copies: Record<JobName, number> = {
  analyze: 3,
  evaluate: 3,
  latency: 3,
  scoreLayer: 5,
  compress: 6,
  fineTune: 10,
};

/**
 * Bytes that a job may take, from the sizes of its files alone: enough to keep many large jobs from starting side by
 * side. What it does take is measured while it runs.
 */
export function estimatedBytes<Name extends JobName>(job: Name, input: Jobs[Name]['input']): number {
  const { model, models = [] } = input as { model?: string; models?: readonly string[] };
  const sizes = [...(model === undefined ? [] : [model]), ...models].map(bytesOf);
  // Models that are timed in turn are all open at once.
  return base + copies[job] * sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes without which a job can't be done however it goes: the weights of its models, once. */
export function leastBytes<Name extends JobName>(job: Name, input: Jobs[Name]['input']): number {
  return (estimatedBytes(job, input) - base) / copies[job];
}

/** A file that can't be read is the job's to complain about. */
function bytesOf(model: string): number {
  try {
    return modelBytes(model);
  } catch (error) {
    if (error instanceof EngineError) return 0;
    throw error;
  }
}

/** Of the memory that there is, what jobs may take by default: the rest is for the worker itself and the system. */
const share = 0.85;

/** Bytes that the jobs of this process may take: most of the container's limit, or of the machine's memory. */
export function memoryBudget(): number {
  const limit = process.constrainedMemory() ?? 0;
  const total = totalmem();
  return share * (limit > 0 && limit < total ? limit : total);
}

/** Resident bytes of a process of this machine; undefined where the system does not tell, or it is gone. */
export function residentBytes(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return 1024 * Number(kilobytes);
  } catch {
    return undefined;
  }
}

interface Waiting {
  readonly amount: number;
  readonly admit: () => void;
}

/** Admits jobs in the order in which they come, while what they take together of something stays within a budget. */
export class Gate {
  private used = 0;
  private readonly waiting: Waiting[] = [];

  /** @param what there is so much of, for messages */
  constructor(
    readonly budget: number,
    private readonly what: string,
  ) {}

  /** Whether somebody waits for room. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  /**
   * Waits for room, the whole budget at most: what takes more runs alone.
   * @returns what gives the room back
   * @throws EngineError `Cancelled` once `signal` was aborted
   */
  async enter(amount: number, signal?: AbortSignal): Promise<() => void> {
    const asked = Math.min(amount, this.budget);
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.waiting.splice(this.waiting.indexOf(one), 1);
        reject(new EngineError('Cancelled', `the job was stopped before there was ${this.what} for it`));
        this.next();
      };
      const one: Waiting = {
        amount: asked,
        admit: () => {
          signal?.removeEventListener('abort', stop);
          this.used += asked;
          resolve();
        },
      };
      this.waiting.push(one);
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
      this.next();
    });
    return () => {
      this.used -= asked;
      this.next();
    };
  }

  private next(): void {
    while (this.waiting.length && this.used + this.waiting[0].amount <= this.budget)
      this.waiting.shift()!.admit();
  }
}
