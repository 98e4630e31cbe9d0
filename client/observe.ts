import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { endedProgress } from './ended-progress';
import type { LiveProgress, Observation, RunEnd, PendingWork } from './observation';
import { decodedPending } from './decoded-pending';
import { childWork, pendingWork, subjectOf } from './pending-work';
import { ScoringPace } from './scoring-pace';
import { endOf, hasWorker, isAway, progressOf } from './queries';
import { statusOf } from './run-status';
import { isDeviceSilent, unservedOf } from './silent-device';

/** Options for observing a run. */
export interface ObserveOptions {
  /** Time between two observations in ms; 1000 by default. */
  readonly intervalMs?: number;
  /** Ends the observing; the run continues. */
  readonly signal?: AbortSignal;
}

/** Time in ms that an observation waits for a worker's answer; must be below the server's own limit of 10 s for queries. */
const queryMs = 5000;
/** Time in ms after which an unanswered describe means that the server is away. */
const describeMs = 5000;

/**
 * Observes a run once a second until it has ended, even across a reset or while the server is away. Each observation
 * costs a describe of the run and of each of its children in progress, which the server answers by itself, and a query
 * only after the history has grown, since nothing else changes a workflow's state. It leaves nothing in the history,
 * however many observe.
 * @throws WorkflowNotFoundError if there is no such run, ServiceError if the server refuses to report on it, AbortError
 * after `signal` was aborted
 * @example
 * ```ts
 * import { observe } from 'slimflow';
 *
 * for await (const { progress, silent, end } of observe(client, workflowId, { intervalMs: 200 })) {
 *   console.log(progress?.stage ?? '', silent ? `no ${silent} answers` : '', end?.status ?? '');
 *   if (progress?.waiting) break; // somebody has to decide
 * }
 * ```
 */
export async function* observe(
  client: Client,
  workflowId: string,
  { intervalMs = 1000, signal }: ObserveOptions = {},
): AsyncGenerator<Observation, void, undefined> {
  const run = new ObservedRun(client, workflowId);
  for (;;) {
    const observation = await abortable(client, signal, () => run.look());
    yield observation;
    if (observation.end) return;
    await sleep(intervalMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Ends calls with the signal: one that is retried after its connection was closed would throw in a timer. */
async function abortable<T>(
  client: Client,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const aborted = () => new DOMException('stopped watching', 'AbortError');
  if (signal?.aborted) throw aborted();
  const round = new AbortController();
  // Every call listens to the signal that ends it, and the client never removes its listeners.
  setMaxListeners(0, round.signal);
  const end = () => round.abort();
  signal?.addEventListener('abort', end, { once: true });
  try {
    const result = await client.withAbortSignal(round.signal, work);
    if (signal?.aborted) throw aborted();
    return result;
  } catch (error) {
    throw signal?.aborted ? aborted() : error;
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** A run that is observed again and again. */
class ObservedRun {
  /** The observed execution: the latest at first, then the one that a reset or continue-as-new replaced it with. */
  private runId?: string;
  /** Length of the history when the workflow was last queried. */
  private asked?: number;
  private unanswered = 0;
  private readonly pace = new ScoringPace();
  private progress?: LiveProgress;

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
  ) {}

  async look(): Promise<Observation> {
    try {
      const description = await this.describe();
      this.runId = description.runId;
      const status = statusOf(description);
      if (status === 'running') return await this.running(description);
      const successor = await this.successor(description);
      if (successor) {
        this.runId = successor;
        this.asked = undefined;
        return await this.look();
      }
      return await this.ended(description, status);
    } catch (error) {
      if (!isAway(error, this.runId !== undefined)) throw error;
      return this.seen({ silent: 'server' });
    }
  }

  private async running(description: WorkflowExecutionDescription): Promise<Observation> {
    const silent = await this.ask(description);
    const work = await this.seeWork(description);
    const device = this.progress?.latencyQueue;
    const isSilent = device !== undefined && (await isDeviceSilent(this.client, device, work.work ?? []));
    const unserved = await unservedOf(this.client, this.progress?.theirs ?? [], work.work ?? []);
    return this.seen({
      ...work,
      ...(silent && { silent: 'worker' as const }),
      ...(isSilent && { silentDevice: device }),
      ...(unserved && { unserved }),
    });
  }

  /** Queries the workflow's progress if it may have changed; returns true if no worker answered. */
  private async ask({ historyLength, taskQueue }: WorkflowExecutionDescription): Promise<boolean> {
    if (historyLength === this.asked) return false;
    // Without a worker, a query would wait in vain until its deadline.
    if (!(await hasWorker(this.client, taskQueue))) return true;
    const progress = await this.query();
    if (progress) {
      this.progress = { ...progress, doing: this.progress?.doing ?? {} };
      this.asked = historyLength;
      this.unanswered = 0;
      return false;
    }
    // A killed worker stays listed for minutes, and a busy one may not answer in time.
    return ++this.unanswered >= 3;
  }

  private query() {
    return this.client
      .withDeadline(Date.now() + queryMs, () => progressOf(this.handle()))
      .catch(() => undefined);
  }

  /** Collects what is being done, of the run, of each model that is being scored, and of each candidate in the making. */
  private async seeWork(
    description: WorkflowExecutionDescription,
  ): Promise<Pick<Observation, 'work' | 'scoringLeft'>> {
    const { candidates = [], scoring = [] } = this.progress ?? {};
    const running = candidates.filter(({ status }) => status === 'running');
    const scored = scoring.filter(({ done, total }) => done < total);
    const [ofCandidates, ofScoring] = await Promise.all([
      Promise.all(running.map(({ id, workflowId }) => childWork(this.client, workflowId, id))),
      Promise.all(
        scored.map(({ of, technique }) =>
          childWork(this.client, `${this.workflowId}/scores/${of}/${technique}`, of),
        ),
      ),
    ]);
    const work = [...ofCandidates, ...ofScoring].flatMap((child) => child.work);
    if (this.progress) this.progress = { ...this.progress, doing: doingOf(running, work) };
    return {
      work: [...pendingWork(await decodedPending(this.client, description), subjectOf), ...work],
      scoringLeft: this.pace.left(
        scored.map((one, at) => ({ ...one, startedAt: ofScoring[at].startedAt })),
        Date.now(),
      ),
    };
  }

  /** Returns the execution that continues an ended one. */
  private async successor(ended: WorkflowExecutionDescription): Promise<string | undefined> {
    const latest = await this.client.workflow.getHandle(this.workflowId).describe();
    const first = (one: WorkflowExecutionDescription) => one.raw.workflowExecutionInfo?.firstRunId;
    // A reset and a continue-as-new keep the first run's id; a new start of the same workflow gets its own.
    return latest.runId !== ended.runId && first(latest) === first(ended) ? latest.runId : undefined;
  }

  private async ended(
    description: WorkflowExecutionDescription,
    status: RunEnd['status'],
  ): Promise<Observation> {
    const end = await endOf(this.handle(), status);
    // The last state has the complete table and the name of the selected model; a result has everything but the
    // wording.
    const answer = (await hasWorker(this.client, description.taskQueue)) ? await this.query() : undefined;
    if (answer) this.progress = { ...answer, doing: {} };
    else if (end.result) this.progress = endedProgress(end.result, this.progress);
    else if (this.progress) this.progress = { ...this.progress, doing: {} };
    return this.seen({ end });
  }

  private describe(): Promise<WorkflowExecutionDescription> {
    return this.client.withDeadline(Date.now() + describeMs, () => this.handle().describe());
  }

  private handle() {
    return this.client.workflow.getHandle(this.workflowId, this.runId);
  }

  private seen(more: Omit<Observation, 'workflowId' | 'runId' | 'progress'>): Observation {
    const { workflowId, runId, progress } = this;
    return { workflowId, runId, progress, ...more };
  }
}

/** Returns the work of each running candidate, which does one thing at a time. */
const doingOf = (
  running: readonly LiveProgress['candidates'][number][],
  work: readonly PendingWork[],
): LiveProgress['doing'] =>
  Object.fromEntries(
    running.flatMap(({ id, workflowId }) => {
      const own = work.find((one) => one.workflowId === workflowId);
      return own ? [[id, own]] : [];
    }),
  );
