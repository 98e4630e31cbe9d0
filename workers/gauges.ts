import type { MetricMeter } from '@temporalio/common';
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { metricNames } from '../contract/metrics';

/** A worker's use of its machine, now. */
export interface Usage {
  readonly jobs: number;
  readonly slots: number;
  /** Resident bytes of the worker and its jobs. */
  readonly memory: number;
  /** Bytes that jobs may take together. */
  readonly memoryLimit: number;
  readonly isServerUp: boolean;
}

const intervalMs = 5000;
const execute = promisify(execFile);

/** Use of a GPU, as shares from 0 to 1. */
interface GpuUse {
  readonly gpu: string;
  readonly use: number;
  readonly memory: number;
}

/** Asks NVIDIA's own program, which is wherever its driver is; empty if there is none. */
export async function gpuUse(): Promise<GpuUse[]> {
  const query = [
    '--query-gpu=index,utilization.gpu,memory.used,memory.total',
    '--format=csv,noheader,nounits',
  ];
  try {
    const { stdout } = await execute('nvidia-smi', query, {
      timeout: intervalMs,
      env: process.env,
    });
    return stdout
      .trim()
      .split('\n')
      .map((line) => line.split(',').map((part) => part.trim()))
      .filter((parts) => parts.length === 4)
      .map(([gpu, use, used, total]) => ({
        gpu,
        use: Number(use) / 100,
        memory: Number(used) / Number(total),
      }));
  } catch {
    return [];
  }
}

/** Sets a worker's gauges every five seconds, until the signal is aborted. */
export async function setGauges(meter: MetricMeter, usage: () => Usage, signal: AbortSignal): Promise<void> {
  const gauge = (name: string, type: 'int' | 'float', unit: string | undefined, what: string) =>
    meter.createGauge(name, type, unit, what);
  const jobs = gauge(metricNames.running, 'int', undefined, 'jobs that run now');
  const slots = gauge(metricNames.slots, 'int', undefined, 'jobs that may run at once');
  const memory = gauge(metricNames.memory, 'int', undefined, 'resident memory of the worker and its jobs');
  const limit = gauge(metricNames.memoryLimit, 'int', undefined, 'memory that jobs may take together');
  const server = gauge(metricNames.server, 'int', undefined, '1 while Temporal answers');
  const use = gauge(metricNames.gpuUse, 'float', undefined, 'share of time in which the GPU computes');
  const gpuMemory = gauge(metricNames.gpuMemory, 'float', undefined, "share of the GPU's memory in use");
  let hasGpu = true;
  while (!signal.aborted) {
    const now = usage();
    jobs.set(now.jobs);
    slots.set(now.slots);
    memory.set(now.memory);
    limit.set(now.memoryLimit);
    server.set(now.isServerUp ? 1 : 0);
    const gpus: readonly GpuUse[] = hasGpu ? await gpuUse() : [];
    hasGpu = gpus.length > 0;
    for (const one of gpus) {
      use.set(one.use, { gpu: one.gpu });
      gpuMemory.set(one.memory, { gpu: one.gpu });
    }
    await sleep(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
