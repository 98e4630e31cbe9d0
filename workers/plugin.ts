import { SimplePlugin } from '@temporalio/plugin';
import type { ReplayWorkerOptions, Worker, WorkerOptions } from '@temporalio/worker';

import { activitiesAt } from '../activities';
import { engineVersion } from '../activities/workplace';
import { JobPool } from '../engine/jobs/pool';
import type { JobName, Jobs } from '../engine/jobs/types';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { workflowCode } from './bundle';
import { type Capacity, capacity } from './capacity';

export interface SlimflowPluginOptions extends Partial<Capacity> {
  /** The artifact store, shared by all workers of a run and whoever starts it: a folder, or `s3://bucket/prefix`. */
  readonly store: string;
  /** Local folder for what jobs open of an S3 store; one among the user's caches by default. */
  readonly cache?: string;
  /** Seconds between checkpoints of a fine-tuning, more where writing one takes long; 3 by default. */
  readonly checkpointSeconds?: number;
}

/**
 * Slimflow on a Temporal worker: its activities, and its workflows. A worker with workflows of its own re-exports
 * `slimflow/workflow` from them; one with none gets Slimflow's.
 */
export class SlimflowPlugin extends SimplePlugin {
  private readonly store: Store;
  private readonly capacity: Capacity;
  /** One pool for all workers that this plugin serves, from the first job to the end of the last worker. */
  private pool?: JobPool;
  private workers = 0;

  constructor({ store, cache, checkpointSeconds = 3, ...shares }: SlimflowPluginOptions) {
    const files = openStore(store, { cache });
    const { slots, threads } = capacity(shares);
    const run = <Name extends JobName>(job: Name, ...rest: [Jobs[Name]['input'], object?]) =>
      (this.pool ??= new JobPool({ slots })).run(job, ...rest);
    super({
      name: 'slimflow',
      activities: activitiesAt({
        store: files,
        pool: { run },
        threads,
        checkpointSeconds,
        version: engineVersion(),
      }),
    });
    this.store = files;
    this.capacity = { slots, threads };
  }

  /** Adds the activities, the workflows unless the worker has its own, and as many activity slots as jobs can run. */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    const slots = options.tuner ? {} : { maxConcurrentActivityTaskExecutions: this.capacity.slots };
    return super.configureWorker({
      ...slots,
      // The server hears of progress every few seconds, not at the end of the heartbeat timeout.
      maxHeartbeatThrottleInterval: '3 seconds',
      ...withWorkflows(options),
    });
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker(withWorkflows(options));
  }

  /** Clears what a killed worker left in the store, and ends the threads with the last worker. */
  override async runWorker(worker: Worker, next: (worker: Worker) => Promise<void>): Promise<void> {
    this.workers++;
    try {
      await this.store.scratch.sweep();
      await super.runWorker(worker, next);
    } finally {
      if (--this.workers === 0) {
        await this.pool?.close();
        this.pool = undefined;
      }
    }
  }
}

const withWorkflows = <Options extends WorkerOptions | ReplayWorkerOptions>(options: Options): Options =>
  options.workflowsPath || options.workflowBundle ? options : { ...options, ...workflowCode() };
