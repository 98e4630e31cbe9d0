import type { Client } from '@temporalio/client';
import type { Payload, PayloadConverter } from '@temporalio/common';

import type { FineTunedModel, FineTuneRequest } from '../contract/activities';
import type { GuidebookInput, ScoringInput } from '../contract/run';
import type { Technique } from '../engine/names';
import { isArtifactRef, type ArtifactRef } from '../store/artifact';
import { subjectOf } from './pending-work';

type History = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['fetchHistory']>>;
type HistoryEvent = NonNullable<History['events']>[number];

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
  readonly outcome: 'done' | 'failed' | 'cancelled';
  /** The failure of the last attempt that failed. */
  readonly failure?: string;
}

/** A candidate's fine-tuning. */
export interface TrainingRecord {
  readonly candidate: string;
  readonly settings: FineTuneRequest['settings'];
  readonly outcome: Omit<FineTunedModel, 'model'>;
}

/** The eval scores of a model: where they are in the store. */
export interface ScoresRecord {
  /** `original`, or the id of a candidate. */
  readonly of: string;
  readonly technique: Technique;
  readonly artifact: ArtifactRef;
}

/** Facts that the histories of an ended run hold beyond its result. Times are in ms since 1970. */
export interface RunRecord {
  readonly input: GuidebookInput;
  readonly startedAt: number;
  readonly endedAt: number;
  /** In the order in which they began. */
  readonly pieces: readonly Piece[];
  readonly scores: readonly ScoresRecord[];
  readonly trainings: readonly TrainingRecord[];
  /** Number of samples of the evaluation split. */
  readonly samples?: number;
}

/** Number of candidates whose histories are fetched at a time. */
const atATime = 8;

/**
 * Reads what the histories of an ended run say beyond its result: times, attempts, workers, losses and where scores are.
 * The history of a model's scoring is not read: it grows with the model, and its parent's has the artifact.
 * @throws Error if the server does not have the run any more, or its payloads can't be read here
 */
export async function runRecord(client: Client, workflowId: string, runId: string): Promise<RunRecord> {
  const run = await historyOf(client, workflowId, runId);
  const prefix = `${workflowId}/`;
  const pieces = [...run.activities].map(({ piece }) => piece);
  const scores: ScoresRecord[] = [];
  const made: Child[] = [];
  for (const child of run.children) {
    if (child.type === 'candidate') made.push(child);
    if (child.type !== 'scoreModel' || child.endedAt === undefined) continue;
    const { of, technique } = child.input as ScoringInput;
    pieces.push({ ...span(child), of, activity: 'scoreModel', attempts: 1, summary: child.summary });
    if (isArtifactRef(child.result)) scores.push({ of, technique, artifact: child.result });
  }
  const trainings: TrainingRecord[] = [];
  for (let at = 0; at < made.length; at += atATime)
    await Promise.all(
      made.slice(at, at + atATime).map(async (child) => {
        const candidate = child.workflowId.slice(prefix.length);
        const own = await historyOf(client, child.workflowId, child.runId).catch(() => undefined);
        for (const { piece, request, result } of own?.activities ?? []) {
          pieces.push({ ...piece, of: candidate });
          if (piece.activity !== 'fineTune' || !result) continue;
          const { settings } = request as FineTuneRequest;
          const { model: _model, ...outcome } = result as FineTunedModel;
          trainings.push({ candidate, settings, outcome });
        }
      }),
    );
  const evaluation = run.activities.find(({ piece, result }) => piece.activity === 'evaluate' && result);
  return {
    input: run.input as GuidebookInput,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    pieces: pieces.toSorted((one, other) => one.startedAt - other.startedAt),
    scores,
    trainings,
    samples: (evaluation?.result as { samples?: number } | undefined)?.samples,
  };
}

const span = ({ startedAt, endedAt, outcome }: Child) => ({ startedAt, endedAt: endedAt!, outcome });

interface Child {
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

interface ActivityRecord {
  piece: Piece;
  readonly request: unknown;
  result?: unknown;
}

interface WorkflowRecord {
  readonly input: unknown;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly activities: readonly ActivityRecord[];
  readonly children: readonly Child[];
}

async function historyOf(
  client: Client,
  workflowId: string,
  runId: string | undefined,
): Promise<WorkflowRecord> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  return new Reader(client).read(events ?? []);
}

/** Reads one history, event by event. */
class Reader {
  private readonly activities = new Map<string, ActivityRecord>();
  private readonly children = new Map<string, Child>();
  private readonly converter: PayloadConverter;

  constructor(private readonly client: Client) {
    this.converter = client.options.loadedDataConverter.payloadConverter;
  }

  async read(events: readonly HistoryEvent[]): Promise<WorkflowRecord> {
    for (const event of events) await this.take(event);
    const first = events[0]?.workflowExecutionStartedEventAttributes;
    return {
      input: await this.value(first?.input?.payloads),
      startedAt: timeOf(events[0]),
      endedAt: timeOf(events.at(-1)),
      // Those that never began, or never ended, have no times.
      activities: [...this.activities.values()].filter(({ piece }) => piece.endedAt > 0),
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
