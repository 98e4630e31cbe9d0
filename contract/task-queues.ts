import type { CompressionSettings } from '../run-spec/spec';

/** Kinds of task queues beside that of the workflow, which are called by it: `<its name>-gpu`. */
export const queueKinds = ['cpu', 'gpu', 'large'] as const;
export type QueueKind = (typeof queueKinds)[number];

/** The task queue of a kind beside a workflow's. */
export const queueOf = (base: string, kind: QueueKind | undefined): string =>
  kind === undefined ? base : `${base}-${kind}`;

/**
 * Which task queue heavy work goes to. Undefined for that of the workflow, which is also where work goes that leaves the
 * provider to whoever does it.
 */
export function queueKindFor({
  provider,
  queues,
}: Pick<CompressionSettings['compute'], 'provider' | 'queues'>): QueueKind | undefined {
  if (queues !== 'by-need' || provider === 'auto') return undefined;
  return provider === 'cpu' ? 'cpu' : 'gpu';
}
