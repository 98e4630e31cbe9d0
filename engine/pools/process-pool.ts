import { existsSync } from 'node:fs';

import { removeStale } from '../runtime/stale-models';
import { JobProcess, processFile } from './job-process';
import { estimatedBytes, Gate, leastBytes, memoryBudget, residentBytes } from './memory';
import { JobProcessError } from './process-error';
import { Overdue, withNode } from './node-at-fault';
import { Watchdog } from './watchdog';
import type { JobRunner, RunOptions } from './job-runner';
import type { JobName, Jobs } from '../jobs/types';

/** Settings of a pool of processes. */
export interface ProcessPoolSettings {
  /** Concurrent jobs. */
  readonly slots: number;
  /** Most bytes that all jobs together may take; most of the machine's or container's by default. */
  readonly memory?: number;
  /** Time in ms that a process without a job is kept for the next. */
  readonly idleMs?: number;
}

const GiB = 2 ** 30;
/** Interval in ms at which the processes' memory and progress are checked. */
const lookMs = 250;

/**
 * Processes for numeric work, each used for one job after another. A fault in native code ends one of them and fails
 * only its job; a job that does not stop on request, or does not get on, is killed; and jobs that need more memory than
 * there is wait, or end, before the system kills the worker: none of them can allocate more than all may have together.
 */
export class ProcessPool implements JobRunner {
  private readonly idle = new Map<JobProcess, NodeJS.Timeout>();
  private readonly busy = new Set<JobProcess>();
  private readonly gate: Gate;
  private readonly slots: Gate;
  /** Peak memory measured so far, by kind and size of job. */
  private readonly peaks = new Map<string, number>();
  private isClosed = false;

  constructor(private readonly settings: ProcessPoolSettings) {
    if (!existsSync(processFile))
      throw new Error(`${processFile} is missing: build the package first (npm run build)`);
    this.gate = new Gate(settings.memory ?? memoryBudget(), 'memory');
    this.slots = new Gate(settings.slots, 'a process');
    removeStale();
  }

  /** Most bytes that all jobs together may take. */
  get memory(): number {
    return this.gate.budget;
  }

  /** Returns the bytes that a job may take: as estimated, or as measured if a similar one ran before. */
  needs<Name extends JobName>(job: Name, input: Jobs[Name]['input']): number {
    const estimate = estimatedBytes(job, input);
    return Math.max(estimate, this.peaks.get(`${job} ${estimate}`) ?? 0);
  }

  /** @throws as JobRunner.run */
  async run<Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    options: RunOptions = {},
  ): Promise<Jobs[Name]['output']> {
    const needs = this.needs(job, input);
    this.refuse(job, { least: leastBytes(job, input), needs }, options.elsewhere);
    const leave = await this.gate.enter(options.alone ? this.memory : needs, options.signal);
    try {
      const release = await this.slots.enter(1, options.signal);
      const key = `${job} ${estimatedBytes(job, input)}`;
      try {
        return (await this.inProcess(job, input, key, options)) as Jobs[Name]['output'];
      } finally {
        release();
      }
    } finally {
      leave();
    }
  }

  /** Ends all processes, whatever they are doing. */
  async close(): Promise<void> {
    this.isClosed = true;
    const all = [...this.idle.keys(), ...this.busy];
    for (const timer of this.idle.values()) clearTimeout(timer);
    this.idle.clear();
    for (const one of all) one.kill();
    await Promise.all(all.map(({ ended }) => ended));
  }

  /** Process ids, those with a job first, in the order in which they were given it. */
  get pids(): number[] {
    return [...this.busyPids, ...[...this.idle.keys()].flatMap(({ pid }) => pid ?? [])];
  }

  get busyPids(): number[] {
    return [...this.busy].flatMap(({ pid }) => pid ?? []);
  }

  /** @throws JobProcessError for a job that can't fit here, or need not be tried since it will be done elsewhere */
  private refuse(job: JobName, { least, needs }: { least: number; needs: number }, elsewhere = false): void {
    const gib = (bytes: number) => `${(bytes / GiB).toFixed(1)} GiB`;
    const all = `more than the ${gib(this.memory)} that this worker's jobs may use`;
    if (least > this.memory)
      throw new JobProcessError(
        'OutOfMemory',
        `${job} needs ${gib(least)} of memory for the weights alone, ${all}`,
      );
    if (elsewhere && needs > this.memory)
      throw new JobProcessError('OutOfMemory', `${job} may need ${gib(needs)} of memory, ${all}`);
  }

  private async inProcess(job: JobName, input: object, key: string, options: RunOptions): Promise<unknown> {
    const own = this.take();
    options.onStart?.();
    const watchdog = new Watchdog();
    let seen = performance.now();
    const guard = setInterval(() => {
      this.guard(own, key);
      const now = performance.now();
      // A late timer says something about this process, which may have been paused, rather than about the job.
      const stuck = watchdog.elapsed(Math.min(now - seen, 8 * lookMs));
      seen = now;
      const late = own.overdue;
      if (late) own.kill(new Overdue(late.note, late.seconds));
      else if (stuck) own.killFor('Stalled', `is stuck: ${stuck}`);
    }, lookMs);
    const onProgress: RunOptions['onProgress'] = (progress) => {
      // Some jobs only announce what they are at.
      if (progress.total) watchdog.progress(progress.done);
      options.onProgress?.(progress);
    };
    try {
      return await own.run(job, input, { ...options, onProgress });
    } catch (error) {
      throw await withNode(error, input, this.memory);
    } finally {
      clearInterval(guard);
      this.busy.delete(own);
      this.keep(own);
    }
  }

  /** Returns the process that was used last, whose models are still open, or a new one. */
  private take(): JobProcess {
    const [found, timer] = [...this.idle].filter(([one]) => !one.isGone).at(-1) ?? [];
    clearTimeout(timer);
    const own = found ?? new JobProcess(this.memory);
    this.idle.delete(own);
    this.busy.add(own);
    if (!found)
      void own.ended.then(() => {
        clearTimeout(this.idle.get(own));
        this.idle.delete(own);
        this.busy.delete(own);
      });
    return own;
  }

  private keep(own: JobProcess): void {
    if (this.isClosed || own.isGone) return own.kill();
    const end = () => {
      this.idle.delete(own);
      own.kill();
    };
    this.idle.set(own, setTimeout(end, this.settings.idleMs ?? 10_000).unref());
  }

  /** Ends a job that takes more than there is, before the system kills the worker. */
  private guard(own: JobProcess, key: string): void {
    const bytesOf = ({ pid }: JobProcess) => (pid === undefined ? 0 : (residentBytes(pid) ?? 0));
    const mine = bytesOf(own);
    this.peaks.set(key, Math.max(mine, this.peaks.get(key) ?? 0));
    const together = [...this.busy].reduce((sum, one) => sum + bytesOf(one), 0);
    const spare = [...this.idle.keys()].reduce((sum, one) => sum + bytesOf(one), 0);
    if (together + spare <= this.memory) return;
    for (const [one, timer] of this.idle) {
      clearTimeout(timer);
      one.kill();
    }
    // The largest is ended: the memory it frees lets the others finish.
    if (together <= this.memory || [...this.busy].some((one) => bytesOf(one) > mine)) return;
    const took = this.busy.size > 1 ? ` with ${this.busy.size - 1} other jobs running` : '';
    own.killFor(
      'OutOfMemory',
      `used ${(mine / GiB).toFixed(1)} GiB of memory${took}; this worker's jobs may use ${(this.memory / GiB).toFixed(1)} GiB together`,
    );
  }
}
