import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

import { EngineError } from '../errors';
import { modelBytes } from './slots';
import type { JobName, Jobs } from '../jobs/types';

const MiB = 2 ** 20;
/** Bytes of a job process before it has a model: Node, ONNX Runtime, the batches of a data set. */
const base = 256 * MiB;
/** Bytes that a job takes per byte of the model's weights: copies of the graph, of sessions, of optimizer state. */
const copies: Record<JobName, number> = {
  analyze: 3,
  evaluate: 3,
  latency: 3,
  predict: 3,
  timeLayers: 3,
  scoreLayer: 5,
  trialModels: 5,
  compress: 6,
  fineTune: 10,
  gather: 2,
};

/**
 * Estimates the bytes that a job may take from the sizes of its files: enough to keep many large jobs from starting
 * side by side. Actual use is measured while it runs.
 */
export function estimatedBytes<Name extends JobName>(job: Name, input: Jobs[Name]['input']): number {
  const { model, models = [] } = input as { model?: string; models?: readonly string[] };
  const sizes = [...(model === undefined ? [] : [model]), ...models].map(bytesOf);
  // Models timed in turn are all open at once.
  return base + copies[job] * sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns the bytes without which a job can't possibly run: the weights of its models, once. */
export function leastBytes<Name extends JobName>(job: Name, input: Jobs[Name]['input']): number {
  return (estimatedBytes(job, input) - base) / copies[job];
}

/** The job itself will report a file that can't be read. */
function bytesOf(model: string): number {
  try {
    return modelBytes(model);
  } catch (error) {
    if (error instanceof EngineError) return 0;
    throw error;
  }
}

/** Share of memory that jobs may take by default: the rest is for the worker itself and the system. */
const share = 0.85;

/** Returns the bytes that the jobs of this process may take: most of the container's limit, or of the machine's memory. */
export function memoryBudget(): number {
  const limit = process.constrainedMemory() ?? 0;
  const total = totalmem();
  return share * (limit > 0 && limit < total ? limit : total);
}

/** Returns the resident bytes of a process of this machine; undefined if the system does not say, or it is gone. */
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

/** Admits jobs in order of arrival, as long as what they take together stays within a budget. */
export class Gate {
  private used = 0;
  private readonly waiting: Waiting[] = [];

  /** @param what name of the resource, for messages */
  constructor(
    readonly budget: number,
    private readonly what: string,
  ) {}

  /** True if somebody is waiting for room. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  /**
   * Waits for room, at most the whole budget: a job larger than the budget runs alone.
   * @returns a function that gives the room back
   * @throws EngineError `Cancelled` once `signal` was aborted
   */
  async enter(amount: number, signal?: AbortSignal): Promise<() => void> {
    const asked = Math.min(amount, this.budget);
    await new Promise<void>((resolve, reject) => {
      const stop = () => {
        this.waiting.splice(this.waiting.indexOf(one), 1);
        reject(new EngineError('Cancelled', `the job was stopped while it waited for ${this.what}`));
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
