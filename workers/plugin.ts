import { SimplePlugin } from '@temporalio/plugin';
import type { BundleOptions, ReplayWorkerOptions, Worker, WorkerOptions } from '@temporalio/worker';

import { activitiesAt } from '../activities';
import { engineVersion } from '../activities/activity-context';
import { memoryBudget, residentBytes } from '../engine/pools/memory';
import { ProcessPool } from '../engine/pools/process-pool';
import type { RunOptions } from '../engine/pools/job-runner';
import type { JobName, Jobs } from '../engine/jobs/types';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { payloadConverterPath, workflowCode, workflowsPath } from './workflow-bundle';
import { type Capacity, capacity } from './capacity';
import { nexusHandler } from './nexus-handler';
import { type Deployment, deploymentOptions } from './deployment';
import { watchWork } from './watch-work';

/** Options of the plugin. */
export interface SlimflowPluginOptions extends Partial<Capacity> {
  /** The artifact store, shared by all workers of a run and whoever starts it: a folder, or `s3://bucket/prefix`. */
  readonly store: string;
  /** Local folder for files of an S3 store that jobs open; in the user's cache by default. */
  readonly cache?: string;
  /** Seconds between checkpoints, more if writing one takes long; 3 by default. */
  readonly checkpointSeconds?: number;
  /** Bytes that all jobs together may take; by default 85 % of the memory of the machine or container. */
  readonly memory?: number;
  /**
   * Moves work that does not fit into memory to the task queue for large work, `<task queue>-large`, which a worker
   * with more memory must poll; by default it is tried alone, and fails if that does not help.
   */
  readonly overflow?: boolean;
  /**
   * Runs the code of users' modules, such as a metric that a spec names; off by default, since whoever may start workflows in
   * the namespace could then run code on this worker.
   */
  readonly allowModules?: boolean;
  /**
   * Folders and addresses (`s3://bucket/exports/`, `https://models.example/`) from which runs that are started with a spec
   * import their files; none by default, since whoever may start workflows could then have any file read.
   */
  readonly importFrom?: readonly string[];
  /** Serves `slimflowService` too, for Nexus endpoints that lead to the worker's task queue. */
  readonly nexus?: boolean;
  /** Seconds that a job has for a last checkpoint when the worker is stopped; 15 by default. */
  readonly drainSeconds?: number;
  /** Task queues whose workers get only the activities. */
  readonly activityQueues?: readonly string[];
  /** Worker Versioning; off by default. The worker's own options take precedence. */
  readonly deployment?: Deployment;
}

/**
 * Adds Slimflow's activities and workflows to a Temporal worker. A worker with its own workflows re-exports
 * `slimflow/workflow` from them; one without gets Slimflow's.
 *
 * @example
 * ```ts
 * import { Worker } from '@temporalio/worker';
 * import { SlimflowPlugin } from 'slimflow';
 *
 * const worker = await Worker.create({
 *   connection,
 *   taskQueue: 'compression',
 *   plugins: [new SlimflowPlugin({ store: 'store', slots: 2 })],
 * });
 * await worker.run(); // until SIGTERM or Ctrl-C
 * ```
 */
export class SlimflowPlugin extends SimplePlugin {
  private readonly store: Store;
  private readonly capacity: Capacity;
  private readonly memoryLimit: number;
  private readonly activityQueues: readonly string[];
  private readonly deployment?: Deployment;
  /** One pool for all workers that this plugin serves, from the first job to the end of the last worker. */
  private pool?: ProcessPool;
  private workers = 0;

  constructor({
    store,
    cache,
    checkpointSeconds = 3,
    drainSeconds = 15,
    memory,
    overflow,
    allowModules,
    importFrom,
    nexus = false,
    activityQueues = [],
    deployment,
    ...shares
  }: SlimflowPluginOptions) {
    const files = openStore(store, { cache });
    const { slots, threads } = capacity(shares);
    const run = <Name extends JobName>(job: Name, ...rest: [Jobs[Name]['input'], RunOptions?]) =>
      (this.pool ??= new ProcessPool({ slots, memory })).run(job, ...rest);
    const activities = activitiesAt({
      store: files,
      pool: { run },
      threads,
      checkpointSeconds,
      drainMs: 1000 * drainSeconds,
      overflow,
      allowModules,
      importFrom,
      version: engineVersion(),
    });
    super({
      name: 'slimflow',
      // A converter that the user has set is kept.
      dataConverter: (own) => ({ payloadConverterPath, ...own }),
      nexusServices: nexus ? [nexusHandler(files)] : [],
      activities,
      workerInterceptors: { activity: [watchWork(Object.keys(activities))] },
    });
    this.store = files;
    this.capacity = { slots, threads };
    this.memoryLimit = memory ?? memoryBudget();
    this.activityQueues = activityQueues;
    this.deployment = deployment;
  }

  /** Memory of all jobs: resident bytes, this process's too, and the limit. */
  get memory(): { readonly used: number; readonly limit: number } {
    const jobs = (this.pool?.pids ?? []).reduce((sum, pid) => sum + (residentBytes(pid) ?? 0), 0);
    return { used: process.memoryUsage.rss() + jobs, limit: this.pool?.memory ?? this.memoryLimit };
  }

  /** Number of jobs that may run at once. */
  get jobSlots(): number {
    return this.capacity.slots;
  }

  /** Number of running jobs. */
  get jobs(): number {
    return this.pool?.busyPids.length ?? 0;
  }

  /** Adds the activities, the workflows unless the worker has its own, and as many activity slots as jobs can run. */
  override configureWorker(options: WorkerOptions): WorkerOptions {
    const slots = options.tuner ? {} : { maxConcurrentActivityTaskExecutions: this.capacity.slots };
    return super.configureWorker({
      ...slots,
      // Sends progress to the server every few seconds, rather than at the end of the heartbeat timeout.
      maxHeartbeatThrottleInterval: '2 seconds',
      ...(this.deployment && { workerDeploymentOptions: deploymentOptions(this.deployment) }),
      ...(this.activityQueues.includes(options.taskQueue) ? options : withWorkflows(options)),
    });
  }

  override configureReplayWorker(options: ReplayWorkerOptions): ReplayWorkerOptions {
    return super.configureReplayWorker(withWorkflows(options));
  }

  /** For users who bundle their own workflows ahead of time. */
  override configureBundler(options: BundleOptions): BundleOptions {
    return super.configureBundler({ payloadConverterPath, ...options });
  }

  /** Removes what a killed worker left in the store, and ends the jobs' processes with the last worker. */
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

/** The bundle that the package has is without interceptors: a worker with some of its own bundles the workflows again. */
const codeFor = ({ interceptors, dataConverter }: WorkerOptions | ReplayWorkerOptions) =>
  interceptors?.workflowModules?.length ? { workflowsPath } : workflowCode(dataConverter);

const withWorkflows = <Options extends WorkerOptions | ReplayWorkerOptions>(options: Options): Options =>
  options.workflowsPath || options.workflowBundle ? options : { ...options, ...codeFor(options) };
