/** Metrics of Slimflow's own, beside those of Temporal's SDK; names as Prometheus has them. */
export const metricNames = {
  /** Attempts at activities by `activityType` and `ending` (`done`, `known`, `retried`, `failed`, `cancelled`, `handed back`). */
  jobs: 'slimflow_jobs',
  /** Failed attempts by `activityType`, `failure_type` and `final`. */
  failures: 'slimflow_failures',
  /** Seconds of an attempt, by `activityType` and `ending`. */
  jobSeconds: 'slimflow_job_duration',
  /** Seconds between being scheduled and being begun, by `activityType` and `taskQueue`. */
  waitSeconds: 'slimflow_queue_wait',
  /** Progress of work, by `activityType` and `unit`: samples evaluated, steps trained, other units. */
  progress: 'slimflow_progress',
  /** Jobs that run now. */
  running: 'slimflow_jobs_running',
  /** Jobs that may run at once. */
  slots: 'slimflow_job_slots',
  /** Resident bytes of the worker and its jobs, and the limit for jobs. */
  memory: 'slimflow_memory_bytes',
  memoryLimit: 'slimflow_memory_limit_bytes',
  /** Share of time in which a GPU computes, and the share of its memory that is used, by `gpu`; 0 to 1. */
  gpuUse: 'slimflow_gpu_utilization',
  gpuMemory: 'slimflow_gpu_memory_utilization',
  /** 1 while Temporal answers, otherwise 0. */
  server: 'slimflow_server_up',
} as const;

/** Unit of the progress that an activity reports. */
export const progressUnit = (activity: string): string =>
  ({ evaluate: 'samples', fineTune: 'steps' })[activity] ?? 'units';
