import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { endedProgress } from './ended-progress';
import type { LiveProgress, Observation, RunEnd } from './observation';
import { doingOf, endOf, hasWorker, isAway, progressOf } from './queries';
import { statusOf } from './run-status';

export interface ObserveOptions {
  /** From one look to the next; 1000 by default. */
  readonly intervalMs?: number;
  /** Ends the observing; the run goes on. */
  readonly signal?: AbortSignal;
}

/** A look waits this long for a worker's answer; a query must not take longer than the server's own limit of 10 s. */
const queryMs = 5000;
/** A describe that takes longer means that the server is away. */
const describeMs = 5000;

/**
 * Looks at a run once a second until it has ended, also over a server that is away and a reset. What it costs: a describe
 * of the run and of each candidate being made, which the server answers by itself, and a query only after the history
 * has grown, since nothing else changes a workflow's state. None of it stands in the history, however many look.
 * @throws WorkflowNotFoundError where there is no such run, ServiceError where the server refuses to tell of it, AbortError once `signal` was aborted
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

/** Calls end with the signal: one that is tried again after its connection was closed would throw in a timer. */
async function abortable<T>(
  client: Client,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const aborted = () => new DOMException('no longer watching', 'AbortError');
  if (signal?.aborted) throw aborted();
  const round = new AbortController();
  // Every call listens to the signal that ends it, and the client never takes its listeners away.
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

/** A run as it is looked at again and again. */
class ObservedRun {
  /** The execution that is looked at: the latest at first, and the one that a reset or continue-as-new puts in its place. */
  private runId?: string;
  /** How long the history was when the workflow was last asked. */
  private asked?: number;
  private unanswered = 0;
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
    await this.seeWork();
    return this.seen(silent ? { silent: 'worker' } : {});
  }

  /** Asks the workflow for its progress where that may have changed; true where no worker is there to answer. */
  private async ask({ historyLength, taskQueue }: WorkflowExecutionDescription): Promise<boolean> {
    if (historyLength === this.asked) return false;
    // Without one, a question would wait in vain for as long as it may.
    if (!(await hasWorker(this.client, taskQueue))) return true;
    const progress = await this.query();
    if (progress) {
      this.progress = { ...progress, doing: this.progress?.doing ?? {} };
      this.asked = historyLength;
      this.unanswered = 0;
      return false;
    }
    // A worker that was killed is listed for minutes, and one that is busy may not answer in time.
    return ++this.unanswered >= 3;
  }

  private query() {
    return this.client
      .withDeadline(Date.now() + queryMs, () => progressOf(this.handle()))
      .catch(() => undefined);
  }

  /** Sees what each candidate that is being made is at. */
  private async seeWork(): Promise<void> {
    const running = this.progress?.candidates.filter(({ status }) => status === 'running') ?? [];
    const doing = await Promise.all(
      running.map(async ({ id, workflowId }) => [id, await doingOf(this.client, workflowId)] as const),
    );
    if (this.progress)
      this.progress = {
        ...this.progress,
        doing: Object.fromEntries(doing.flatMap(([id, one]) => (one ? [[id, one]] : []))),
      };
  }

  /** The execution that goes on in place of an ended one. */
  private async successor(ended: WorkflowExecutionDescription): Promise<string | undefined> {
    const latest = await this.client.workflow.getHandle(this.workflowId).describe();
    const first = (one: WorkflowExecutionDescription) => one.raw.workflowExecutionInfo?.firstRunId;
    // A reset and a continue-as-new keep the first run's id; a new start of the same workflow has one of its own.
    return latest.runId !== ended.runId && first(latest) === first(ended) ? latest.runId : undefined;
  }

  private async ended(
    description: WorkflowExecutionDescription,
    status: RunEnd['status'],
  ): Promise<Observation> {
    const end = await endOf(this.handle(), status);
    // The last state shows the table complete and the selected model named; a result has all but the words.
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

  private seen(more: Pick<Observation, 'silent' | 'end'>): Observation {
    const { workflowId, runId, progress } = this;
    return { workflowId, runId, progress, ...more };
  }
}
