import type { CompressionSettings } from '../run-spec/spec';

/** Kinds of task queues beside that of the workflow, which are called by it: `<its name>-gpu`. */
export const queueKinds = ['cpu', 'gpu', 'large'] as const;
export type QueueKind = (typeof queueKinds)[number];

/**
 * Kinds of work that a worker can serve: `cpu` includes the workflows and light work, `all` is everything of a task queue;
 * `latency` measures on the device that it runs on, for specs that name its task queue.
 */
export const workerQueues = [...queueKinds, 'all', 'latency'] as const;
export type WorkerQueue = (typeof workerQueues)[number];

/** The task queue of a kind beside a workflow's; undefined stands for the workflow's own. */
export const queueOf = (base: string, kind: QueueKind | undefined): string =>
  kind === undefined ? base : `${base}-${kind}`;

/** Tells if a task queue is of a kind, by its name. */
export const isQueueOf = (taskQueue: string, kind: QueueKind): boolean =>
  taskQueue.endsWith(queueOf('', kind));

/** The task queue of the workflows of a store when no other is named. @param storeId what `store.id()` gives */
export const storeQueue = (storeId: string): string => `slimflow-${storeId.slice(0, 8)}`;

/** A task queue that a worker polls. */
export interface PolledQueue {
  readonly taskQueue: string;
  /** False if it takes only the activities. */
  readonly workflows: boolean;
}

/** Task queues by worker: their kinds, and if it takes the workflows of the one that is named itself, or only activities. */
const polled: Readonly<
  Record<WorkerQueue, { readonly own?: 'workflows' | 'activities'; readonly kinds: readonly QueueKind[] }>
> = {
  cpu: { own: 'workflows', kinds: ['cpu'] },
  // Without the workflow's own queue it would get nothing of specs that leave the choice open, which is the default.
  gpu: { own: 'activities', kinds: ['gpu'] },
  large: { kinds: ['large'] },
  all: { own: 'workflows', kinds: queueKinds },
  latency: { own: 'activities', kinds: [] },
};

/**
 * Lists the task queues that a worker polls.
 * @param base the task queue of the workflows
 * @param except kinds that this machine is not fit for
 */
export function polledQueues(
  base: string,
  queue: WorkerQueue,
  except: readonly QueueKind[] = [],
): PolledQueue[] {
  const { own, kinds } = polled[queue];
  return [
    ...(own ? [{ taskQueue: base, workflows: own === 'workflows' }] : []),
    ...kinds
      .filter((kind) => !except.includes(kind))
      .map((kind) => ({ taskQueue: queueOf(base, kind), workflows: false })),
  ];
}

/**
 * Returns the kind of task queue for heavy work. Undefined means the workflow's own queue, which also gets work that
 * leaves the provider open.
 */
export function queueKindFor({
  provider,
  queues,
}: Pick<CompressionSettings['compute'], 'provider' | 'queues'>): QueueKind | undefined {
  if (queues !== 'by-need' || provider === 'auto') return undefined;
  return provider === 'cpu' ? 'cpu' : 'gpu';
}

/** The first detail of the failure of work that a worker hands on because it needs more memory than the worker has. */
export interface HandedOn {
  /** The kind of task queue whose workers take the work. */
  readonly queue: QueueKind;
}
