import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

import { Piscina } from 'piscina';

import { removeStale } from '../runtime/stale-models';
import { type Failed, fromFailed } from './serialized-error';
import type { JobRunner, RunOptions } from './job-runner';
import type { JobName, Jobs, Progress } from '../jobs/types';

/** Settings of a pool of threads. */
export interface PoolSettings {
  /** Concurrent jobs. */
  readonly slots: number;
}

/** Messages that a worker thread receives, and returns instead of throwing. */
export interface ThreadTask {
  readonly job: JobName;
  readonly input: unknown;
  readonly stop: Int32Array;
  readonly port: MessagePort;
}
export type ThreadReply = { ok: unknown } | { failed: Failed };

/**
 * Worker threads for numeric work, so that whoever schedules it can keep heartbeating and listening. A job is asked to
 * stop through shared memory rather than by ending its thread, which native code would not survive.
 *
 * @example
 * ```ts
 * import { evaluateModel, JobPool } from 'slimflow/engine';
 *
 * const pool = new JobPool({ slots: 2 }); // two evaluations at a time
 * const data = { images: 'images.npy', labels: 'labels.npy' };
 * const options = { data, threads: 1 };
 * const models = ['model.onnx', 'model.onnx', 'model.onnx'];
 * console.log(await Promise.all(models.map((model) => evaluateModel({ model, ...options }, { pool }))));
 * await pool.close();
 * ```
 */
export class JobPool implements JobRunner {
  private readonly pool: Piscina;

  constructor({ slots }: PoolSettings) {
    const filename = join(__dirname, 'job-thread.js');
    if (!existsSync(filename))
      throw new Error(`${filename} is missing: build the package first (npm run build)`);
    removeStale();
    this.pool = new Piscina({ filename, minThreads: 0, maxThreads: slots, idleTimeout: 10_000 });
  }

  /**
   * Runs a job; programs give the pool to `compressModel` and its like, whose messages these are.
   * @throws EngineError as the job does; `Cancelled` once `signal` was aborted
   * @internal
   */
  async run<Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    { signal, onProgress, onStart }: RunOptions = {},
  ): Promise<Jobs[Name]['output']> {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const { port1, port2 } = new MessageChannel();
    const abort = () => void Atomics.store(stop, 0, 1);
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort);
    onStart?.();
    port1.on('message', (progress: Progress) => onProgress?.(progress));
    try {
      const task: ThreadTask = { job, input, stop, port: port2 };
      const reply = (await this.pool.run(task, { transferList: [port2] })) as ThreadReply;
      // The reply takes another path than progress and may come first: a checkpoint reported last must not be lost.
      for (let late = receiveMessageOnPort(port1); late; late = receiveMessageOnPort(port1))
        onProgress?.(late.message as Progress);
      if ('ok' in reply) return reply.ok as Jobs[Name]['output'];
      throw fromFailed(reply.failed);
    } finally {
      signal?.removeEventListener('abort', abort);
      port1.close();
    }
  }

  /** Ends the threads, after their jobs. */
  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
