import { SimplePlugin } from '@temporalio/plugin';
import type { BundleOptions, ReplayWorkerOptions, Worker, WorkerOptions } from '@temporalio/worker';

import { activitiesAt } from '../activities';
import { engineVersion } from '../activities/workplace';
import { JobPool } from '../engine/jobs/pool';
import type { JobName, Jobs } from '../engine/jobs/types';
import { FileStore } from '../store/store';
import { payloadConverterPath, workflowCode } from './bundle';
import { type Capacity, capacity } from './capacity';
import { type Deployment, deploymentOptions } from './deployment';

export interface SlimflowPluginOptions extends Partial<Capacity> {
  /** The folder of the artifact store, shared by all workers of a run and whoever starts it. */
  readonly store: string;
  /** Seconds between checkpoints of a fine-tuning, more where writing one takes long; 3 by default. */
  readonly checkpointSeconds?: number;
  /** Worker Versioning; off where it is left out. The worker's own options for it win. */
  readonly deployment?: Deployment;
}

/**
 * Slimflow on a Temporal worker: its activities, and its workflows. A worker with workflows of its own re-exports
 * `slimflow/workflow` from them; one with none gets Slimflow's.
 */
export class SlimflowPlugin extends SimplePlugin {
  private readonly store: FileStore;
  private readonly capacity: Capacity;
  private readonly deployment?: Deployment;
  /** One pool for all workers that this plugin serves, from the first job to the end of the last worker. */
  private pool?: JobPool;
  private workers = 0;

  constructor({ store, checkpointSeconds = 3, deployment, ...shares }: SlimflowPluginOptions) {
    const files = new FileStore(store);
    const { slots, threads } = capacity(shares);
    const run = <Name extends JobName>(job: Name, ...rest: [Jobs[Name]['input'], object?]) =>
      (this.pool ??= new JobPool({ slots })).run(job, ...rest);
    super({
      name: 'slimflow',
      // A converter of one's own stays.
      dataConverter: (own) => ({ payloadConverterPath, ...own }),
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
    this.deployment = deployment;
  }

  /** Adds the activities, the workflows unless the worker has its own, and as many activity slots as jobs can run. */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    const slots = options.tuner ? {} : { maxConcurrentActivityTaskExecutions: this.capacity.slots };
    return super.configureWorker({
      ...slots,
      // The server hears of progress every few seconds, not at the end of the heartbeat timeout.
      maxHeartbeatThrottleInterval: '3 seconds',
      ...(this.deployment && { workerDeploymentOptions: deploymentOptions(this.deployment) }),
      ...withWorkflows(options),
    });
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker(withWorkflows(options));
  }

  /** For whoever bundles workflows of one's own ahead of time. */
  override configureBundler(options: BundleOptions): BundleOptions {
    return super.configureBundler({ payloadConverterPath, ...options });
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
  options.workflowsPath || options.workflowBundle
    ? options
    : { ...options, ...workflowCode(options.dataConverter) };
