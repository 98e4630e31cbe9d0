import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import type { HeartbeatDetails } from '../activities/types';
import type { Result } from '../spec/result';
import type { GuidebookProgress } from '../workflows/types';
import type { GuidebookHandle } from './guidebook';

/** What a candidate that is being made is at. */
export interface Doing {
  readonly activity: string;
  /** The last heartbeat, where there was one. */
  readonly at?: HeartbeatDetails;
  /** 1, or more where it is tried again. */
  readonly attempt: number;
}

/** The run's progress, and what each running candidate is at, by its id. */
export interface LiveProgress extends GuidebookProgress {
  readonly doing: Readonly<Record<string, Doing>>;
}

export { reasonOf as failureMessage } from '../workflows/reason';

export interface WatchOptions {
  readonly onProgress?: (progress: LiveProgress) => void;
  readonly intervalMs?: number;
  /** Ends the watching; the run goes on. */
  readonly signal?: AbortSignal;
}

/**
 * Follows a run to its end.
 * @throws WorkflowFailedError when the run failed; AbortError once `signal` was aborted
 */
export async function watch(
  client: Client,
  handle: GuidebookHandle,
  { onProgress, intervalMs = 1000, signal }: WatchOptions = {},
): Promise<Result> {
  const ended = new AbortController();
  const stop = signal ? AbortSignal.any([signal, ended.signal]) : ended.signal;
  // Every call listens to the signal that ends it, and the client never takes its listeners away.
  setMaxListeners(0, stop);
  const looking = onProgress ? look(client, handle, onProgress, intervalMs, stop) : Promise.resolve();
  try {
    const result = await client.withAbortSignal(stop, () => untilAborted(handle.result(), stop));
    // The last look shows the end: the table complete, the selected model named.
    const last = await handle.query<GuidebookProgress>('progress').catch(() => undefined);
    if (last) onProgress?.({ ...last, doing: {} });
    return result;
  } finally {
    ended.abort();
    await looking;
  }
}

async function look(
  client: Client,
  handle: GuidebookHandle,
  onProgress: (progress: LiveProgress) => void,
  intervalMs: number,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const round = new AbortController();
    const end = () => round.abort();
    stop.addEventListener('abort', end);
    setMaxListeners(0, round.signal);
    await client.withAbortSignal(round.signal, () => lookOnce(client, handle, onProgress, stop));
    stop.removeEventListener('abort', end);
    await sleep(intervalMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** Calls under way end with the watching: one that is retried after its connection was closed throws in a timer. */
async function lookOnce(
  client: Client,
  handle: GuidebookHandle,
  onProgress: (progress: LiveProgress) => void,
  stop: AbortSignal,
): Promise<void> {
  // No worker may be there to answer, or the run just ended: the next look will tell.
  const progress = await handle.query<GuidebookProgress>('progress').catch(() => undefined);
  if (progress && !stop.aborted) {
    const running = progress.candidates.filter(({ status }) => status === 'running');
    const doing = await Promise.all(
      running.map(async ({ id, workflowId }) => [id, await doingOf(client, workflowId)] as const),
    );
    if (!stop.aborted)
      onProgress({
        ...progress,
        doing: Object.fromEntries(doing.filter(([, one]) => one)) as Record<string, Doing>,
      });
  }
}

/** What the pending activity of a workflow says of itself. */
async function doingOf(client: Client, workflowId: string): Promise<Doing | undefined> {
  const description = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => undefined);
  const [pending] = description?.raw.pendingActivities ?? [];
  if (!pending) return undefined;
  const [payload] = pending.heartbeatDetails?.payloads ?? [];
  let at: HeartbeatDetails | undefined;
  try {
    at = payload && defaultPayloadConverter.fromPayload<HeartbeatDetails>(payload);
  } catch {
    // Encrypted by a codec that is not ours: there is no more to show.
  }
  return { activity: pending.activityType?.name ?? '', at: at ?? undefined, attempt: pending.attempt ?? 1 };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  return new Promise((resolve, reject) => {
    const abort = () => reject(new DOMException('no longer watching', 'AbortError'));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
