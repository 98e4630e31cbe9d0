import type { Client } from '@temporalio/client';
import type { Payload, PayloadConverter } from '@temporalio/common';

import { subjectOf } from './pending-work';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

/** The event of an activity in Temporal's history. */
export interface EventPlace {
  readonly workflowId: string;
  readonly runId?: string;
  readonly eventId: string;
  readonly activityId: string;
}

/** A piece of a run's work: an activity, or the scoring of a model. Times are in ms since 1970. */
export interface Piece {
  /** The id of a candidate, `original`, or `run` for what concerns all of them. */
  readonly of: string;
  /** Name of the activity, or `scoreModel`. */
  readonly activity: string;
  /** The sentence that Temporal's UI shows. */
  readonly summary?: string;
  /** The worker that ended it; none for a model's scoring, which many share. */
  readonly worker?: string;
  readonly startedAt: number;
  readonly endedAt: number;
  /** 1, or more if it was retried. */
  readonly attempts: number;
  /** running: it has not ended, and `endedAt` is when the history was read. */
  readonly outcome: 'done' | 'failed' | 'cancelled' | 'running';
  /** The failure of the last attempt that failed. */
  readonly failure?: string;
  /** The event in Temporal's history with which it began; left out for a model's scoring. */
  readonly event?: EventPlace;
}

/** A child workflow, as its parent's history has it. */
export interface Child {
  readonly workflowId: string;
  runId?: string;
  readonly type: string;
  readonly input: unknown;
  readonly summary?: string;
  startedAt: number;
  endedAt?: number;
  outcome: Piece['outcome'];
  result?: unknown;
}

/** An activity: its times, and what went in and came out. */
export interface ActivityRecord {
  piece: Piece;
  readonly request: unknown;
  result?: unknown;
}

/** Content of one execution's history. */
export interface WorkflowRecord {
  readonly input: unknown;
  readonly startedAt: number;
  /** When it was read, if it is not over. */
  readonly endedAt: number;
  readonly isOver: boolean;
  readonly activities: readonly ActivityRecord[];
  readonly children: readonly Child[];
}

/** Reads the history of an execution; of the latest if no run id is given. */
export async function historyOf(
  client: Client,
  workflowId: string,
  runId: string | undefined,
): Promise<WorkflowRecord> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return new Reader(client, workflowId, runId).read(events ?? []);
}

/** Matches the attributes of the event that ends an execution. */
const closing = /^workflowExecution(Completed|Failed|TimedOut|Canceled|Terminated|ContinuedAsNew)Event/;

/** Reads one history, event by event. */
class Reader {
  private readonly activities = new Map<string, ActivityRecord>();
  private readonly children = new Map<string, Child>();
  private readonly converter: PayloadConverter;

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
    private readonly runId: string | undefined,
  ) {
    this.converter = client.options.loadedDataConverter.payloadConverter;
  }

  async read(events: readonly HistoryEvent[]): Promise<WorkflowRecord> {
    for (const event of events) await this.take(event);
    const first = events[0]?.workflowExecutionStartedEventAttributes;
    const last = events.at(-1);
    const isOver = Object.keys(last ?? {}).some(
      (key) => closing.test(key) && last?.[key as keyof HistoryEvent],
    );
    const endedAt = isOver ? timeOf(last) : Date.now();
    return {
      input: await this.value(first?.input?.payloads),
      startedAt: timeOf(events[0]),
      endedAt,
      isOver,
      // Those that had not ended when their workflow did have no end.
      activities: [...this.activities.values()].flatMap(({ piece, ...more }): ActivityRecord[] =>
        piece.endedAt > 0
          ? [{ piece, ...more }]
          : isOver
            ? []
            : [{ piece: { ...piece, endedAt, outcome: 'running' }, ...more }],
      ),
      children: [...this.children.values()].filter(({ startedAt }) => startedAt > 0),
    };
  }

  private async take(event: HistoryEvent): Promise<void> {
    const at = timeOf(event);
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      this.activities.set(String(event.eventId), {
        request: await this.value(scheduled.input?.payloads),
        piece: {
          of: subjectOf(scheduled.activityId),
          activity: scheduled.activityType?.name ?? '',
          summary: await this.summary(event),
          startedAt: at,
          endedAt: 0,
          attempts: 1,
          outcome: 'done',
          event: {
            workflowId: this.workflowId,
            runId: this.runId,
            eventId: String(event.eventId),
            activityId: scheduled.activityId ?? '',
          },
        },
      });
      return;
    }
    const started = event.activityTaskStartedEventAttributes;
    if (started)
      this.change(started.scheduledEventId, {
        startedAt: at,
        worker: started.identity ?? undefined,
        attempts: started.attempt ?? 1,
        failure: started.lastFailure?.message ?? undefined,
      });
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) {
      this.change(completed.scheduledEventId, { endedAt: at });
      const record = this.activities.get(String(completed.scheduledEventId));
      if (record) record.result = await this.value(completed.result?.payloads);
    }
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed)
      this.change(failed.scheduledEventId, {
        endedAt: at,
        outcome: 'failed',
        failure: failed.failure?.cause?.message ?? failed.failure?.message ?? undefined,
      });
    const canceled = event.activityTaskCanceledEventAttributes;
    if (canceled) this.change(canceled.scheduledEventId, { endedAt: at, outcome: 'cancelled' });
    await this.takeChild(event, at);
  }

  private async takeChild(event: HistoryEvent, at: number): Promise<void> {
    const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (initiated)
      this.children.set(String(event.eventId), {
        workflowId: initiated.workflowId ?? '',
        type: initiated.workflowType?.name ?? '',
        input: await this.value(initiated.input?.payloads),
        summary: await this.summary(event),
        startedAt: 0,
        outcome: 'done',
      });
    const started = event.childWorkflowExecutionStartedEventAttributes;
    const child = (id: unknown) => this.children.get(String(id));
    if (started)
      Object.assign(child(started.initiatedEventId) ?? {}, {
        startedAt: at,
        runId: started.workflowExecution?.runId,
      });
    const completed = event.childWorkflowExecutionCompletedEventAttributes;
    if (completed)
      Object.assign(child(completed.initiatedEventId) ?? {}, {
        endedAt: at,
        result: await this.value(completed.result?.payloads),
      });
    const failed = event.childWorkflowExecutionFailedEventAttributes;
    if (failed) Object.assign(child(failed.initiatedEventId) ?? {}, { endedAt: at, outcome: 'failed' });
    const ended =
      event.childWorkflowExecutionCanceledEventAttributes ??
      event.childWorkflowExecutionTerminatedEventAttributes;
    if (ended) Object.assign(child(ended.initiatedEventId) ?? {}, { endedAt: at, outcome: 'cancelled' });
  }

  private change(scheduledEventId: unknown, more: Partial<Piece>): void {
    const record = this.activities.get(String(scheduledEventId));
    if (record) record.piece = { ...record.piece, ...more };
  }

  private async value(payloads: Payload[] | null | undefined): Promise<unknown> {
    if (!payloads?.length) return undefined;
    let plain = payloads;
    for (const codec of this.client.options.loadedDataConverter.payloadCodecs)
      plain = await codec.decode(plain);
    return this.converter.fromPayload(plain[0]);
  }

  private async summary({ userMetadata }: HistoryEvent): Promise<string | undefined> {
    const summary = userMetadata?.summary;
    return summary ? ((await this.value([summary])) as string) : undefined;
  }
}

function timeOf(event: HistoryEvent | undefined): number {
  const { seconds, nanos } = event?.eventTime ?? {};
  return Number(seconds ?? 0) * 1000 + (nanos ?? 0) / 1e6;
}
