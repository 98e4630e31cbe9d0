import type { CandidateProgress, Decision, GuidebookProgress } from '../contract/run';
import type { LastFailure, LiveProgress, Observation, RunEnd, PendingWork } from './observation';

/** Something that a run is waiting for, with details. */
export interface Wait {
  /**
   * The Temporal server, a worker, the device that measures latency or an activity of the user's to answer, a person to
   * approve the picks or the selection, or someone to resume it.
   */
  readonly for: 'server' | 'worker' | 'device' | 'activity' | 'picks' | 'selection' | 'resume';
  /** Task queue of the device, or of the activity. */
  readonly taskQueue?: string;
  /** Name of the user's activity. */
  readonly activity?: string;
  /** Ids of candidates that a person is to approve. */
  readonly proposed?: readonly string[];
  /** When it continues, or stops, by itself. */
  readonly until?: string;
  /** Who paused it, why and when. */
  readonly by?: string;
  readonly reason?: string;
  readonly at?: string;
}

/** Something that happened in a run. */
export type RunEvent =
  /** The execution that is followed; repeated with `isReset` when a reset has replaced it. */
  | { readonly type: 'run'; readonly workflowId: string; readonly runId: string; readonly isReset: boolean }
  /** The goal of the run; reported again when it changes. */
  | ({ readonly type: 'goal' } & Pick<GuidebookProgress, 'name' | 'target' | 'tolerance' | 'cost'>)
  | ({ readonly type: 'original' } & NonNullable<GuidebookProgress['original']>)
  | { readonly type: 'stage'; readonly stage: GuidebookProgress['stage'] }
  | ({ readonly type: 'score' } & GuidebookProgress['scoring'][number])
  /** A row of the table of candidates, new or with other figures. */
  | ({ readonly type: 'candidate' } & CandidateProgress)
  /** Progress of a candidate's compression, fine-tuning or evaluation. */
  | {
      readonly type: 'epoch';
      readonly candidate: string;
      readonly activity: string;
      readonly attempt: number;
      readonly done: number;
      readonly total: number;
      readonly note: string;
    }
  /** An attempt at some work failed, and another follows. */
  | ({ readonly type: 'retry' } & Pick<PendingWork, 'of' | 'activity' | 'attempt' | 'nextTryAt'> &
      Pick<LastFailure, 'message' | 'fix'>)
  | { readonly type: 'note'; readonly text: string }
  | ({ readonly type: 'decision' } & Decision)
  | ({ readonly type: 'waiting' } & Wait)
  /** It no longer waits. */
  | { readonly type: 'continued'; readonly after: Wait['for'] }
  | ({ readonly type: 'end' } & Pick<RunEnd, 'status' | 'result' | 'reason'>);

/** Lists everything that a run is waiting for. */
export function waitsOf({ silent, silentDevice, unserved, end, progress }: Observation): Wait[] {
  if (end) return [];
  const { paused = undefined, waiting = undefined } = progress ?? {};
  return [
    ...(silent ? [{ for: silent }] : []),
    ...(silentDevice === undefined ? [] : [{ for: 'device' as const, taskQueue: silentDevice }]),
    ...(unserved ? [{ for: 'activity' as const, ...unserved }] : []),
    ...(paused ? [{ for: 'resume' as const, ...paused }] : []),
    ...(waiting ? [waiting] : []),
  ];
}

/**
 * Derives what happened between two observations of a run, in the order of the guidebook; the first one yields
 * everything so far.
 */
export function eventsBetween(before: Observation | undefined, after: Observation): RunEvent[] {
  const [was, is] = [before?.progress, after.progress];
  const events: RunEvent[] = [];
  const { workflowId, runId } = after;
  if (runId && runId !== before?.runId)
    events.push({ type: 'run', workflowId, runId, isReset: before?.runId !== undefined });
  if (is) {
    const goal = ({ name, target, tolerance, cost }: GuidebookProgress) => ({
      name,
      target,
      tolerance,
      cost,
    });
    if (!was || differ(goal(was), goal(is))) events.push({ type: 'goal', ...goal(is) });
    if (is.original && differ(was?.original, is.original)) events.push({ type: 'original', ...is.original });
    if (was?.stage !== is.stage) events.push({ type: 'stage', stage: is.stage });
    for (const [at, scoring] of is.scoring.entries())
      if (differ(was?.scoring[at], scoring)) events.push({ type: 'score', ...scoring });
    events.push(...candidateEvents(was, is));
    for (const text of is.notes) if (!was?.notes.includes(text)) events.push({ type: 'note', text });
    for (const decision of is.decisions ?? [])
      if (!was?.decisions?.some((other) => !differ(other, decision)))
        events.push({ type: 'decision', ...decision });
  }
  events.push(...retryEvents(before, after));
  const [waited, waits] = [before ? waitsOf(before) : [], waitsOf(after)];
  for (const { for: what } of waited)
    if (!waits.some((one) => one.for === what)) events.push({ type: 'continued', after: what });
  for (const one of waits)
    if (!waited.some((other) => !differ(other, one))) events.push({ type: 'waiting', ...one });
  if (after.end) {
    const { status, result, reason } = after.end;
    events.push({ type: 'end', status, ...(result && { result }), ...(reason !== undefined && { reason }) });
  }
  return events;
}

function candidateEvents(was: LiveProgress | undefined, is: LiveProgress): RunEvent[] {
  return is.candidates.flatMap((row): RunEvent[] => {
    const [doing, did] = [is.doing[row.id], was?.doing[row.id]];
    const known = was?.candidates.find(({ id }) => id === row.id);
    const { done = 0, total = 0, note = '' } = doing?.at ?? {};
    return [
      ...(differ(known, row) ? [{ type: 'candidate' as const, ...row }] : []),
      ...(doing && differ(told(did), told(doing))
        ? [
            {
              type: 'epoch' as const,
              candidate: row.id,
              activity: doing.activity,
              attempt: doing.attempt,
              done,
              total,
              note,
            },
          ]
        : []),
    ];
  });
}

/** Lists what is being tried again after a failure. */
export const retriesOf = ({
  work = [],
}: Pick<Observation, 'work'>): (PendingWork & { failure: LastFailure })[] =>
  work.flatMap((one) => (one.failure && one.attempt > 1 ? [{ ...one, failure: one.failure }] : []));

function retryEvents(before: Observation | undefined, after: Observation): RunEvent[] {
  const told = before ? retriesOf(before) : [];
  return retriesOf(after)
    .filter(
      (one) =>
        !told.some(
          ({ workflowId, activityId, failure }) =>
            workflowId === one.workflowId &&
            activityId === one.activityId &&
            failure.message === one.failure.message,
        ),
    )
    .map(({ of, activity, attempt, nextTryAt, failure: { message, fix } }) => ({
      type: 'retry' as const,
      of,
      activity,
      attempt,
      message,
      ...(fix !== undefined && { fix }),
      ...(nextTryAt !== undefined && { nextTryAt }),
    }));
}

/** The part of a heartbeat that events report: everything but the checkpoint. */
const told = (doing: LiveProgress['doing'][string] | undefined) =>
  doing && [doing.activity, doing.attempt, doing.at?.done, doing.at?.total, doing.at?.note];

const differ = (one: unknown, other: unknown): boolean => JSON.stringify(one) !== JSON.stringify(other);
