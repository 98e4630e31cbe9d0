import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Limits of the operating system's for a process. */
export interface ProcessLimits {
  /** Bytes of memory that it may allocate, native code included; enforced on Linux. */
  readonly bytes: number;
  /** Seconds of processor time of the whole process. */
  readonly seconds?: number;
}

/** Bytes without which Node can't even say that it has too few. */
const leastBytes = 2 ** 29;

/**
 * Starts Node on a file by way of a shell, which sets the limits before Node takes its place. On Windows there are none.
 */
export function limited(
  file: string,
  { bytes, seconds }: ProcessLimits,
  options: SpawnOptions,
): ChildProcess {
  const own = { env: process.env, ...options };
  const node = [process.execPath, file];
  if (process.platform === 'win32') return spawn(node[0], node.slice(1), own);
  const time = seconds === undefined ? '' : `ulimit -t ${Math.ceil(seconds)}; `;
  // A limit that is higher than the one this process itself has is none that it could set.
  const limits = `ulimit -d ${Math.ceil(Math.max(bytes, leastBytes) / 1024)} 2>/dev/null; ${time}exec "$@"`;
  return spawn('/bin/sh', ['-c', limits, 'sh', ...node], own);
}

/** Ticks of /proc/PID/stat per second. */
const ticks = 100;

/** Returns the seconds of processor time that a process of this machine has taken; undefined if the system does not say. */
export function processorSeconds(pid: number | undefined): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticks;
  } catch {
    return undefined;
  }
}

/** A point in the life of a process: its processor time then, in s, and the clock, in ms. */
export interface Since {
  readonly cpu: number | undefined;
  readonly ms: number;
}

/** Work may take this many times its processor time on a busy machine. */
const patience = 10;

/** Tells if work took more than its seconds of processor time since a point, or far more of the clock's. */
export function isLate(cpu: number | undefined, since: Since, seconds: number): boolean {
  const elapsed = (performance.now() - since.ms) / 1000;
  const spent = cpu === undefined || since.cpu === undefined ? elapsed : cpu - since.cpu;
  return spent > seconds || elapsed > patience * seconds;
}
