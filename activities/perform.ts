import { Context } from '@temporalio/activity';

import { EngineError } from '../engine/errors';
import type { JobName, Jobs, Progress } from '../engine/jobs/types';
import { madeBy } from '../store/artifact';
import { workKey } from '../store/digest';
import { failureOf, handedBack, noRoom, setbackFailure, setbackOf } from './failures';
import { noteKnown } from './from-store';
import { storeFailure } from './lost-artifacts';
import { limits, none, setbacksBefore } from './setbacks';
import type { HeartbeatDetails, Setbacks } from '../contract/activities';
import { metricNames, progressUnit } from '../contract/metrics';
import { isQueueOf } from '../contract/task-queues';
import type { Workplace } from './activity-context';

/** Far shorter than the heartbeat timeout, and short enough that a cancellation is noticed within seconds. */
const heartbeatMs = 2000;
/**
 * Time in ms that work waits for memory, or a process, before another worker may have it: doubled at each further
 * attempt, so that large work gets its turn among much that is small. Hours at most.
 */
const patienceMs = (attempt: number) => 10_000 * 2 ** Math.min(attempt - 1, 10);
/**
 * Time in ms that a job has to stop by itself once its activity is cancelled; with the heartbeat before it, under 5 s.
 */
const cancelMs = 1500;

/** Input of an activity's body. */
export interface Performance {
  /** Digest of the operation, its input and the engine. */
  readonly key: string;
  /** Runs a job of the engine that stops when the activity is cancelled; its progress goes into the heartbeat. */
  readonly run: <Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    onProgress?: (progress: Progress) => void,
  ) => Promise<Jobs[Name]['output']>;
  /** Registers cleanup to run once the result is stored; if it fails, the rest is left to garbage collection. */
  readonly onceKept: (then: () => Promise<void>) => void;
  /** Sets the details of the next heartbeats. */
  readonly tell: (details: HeartbeatDetails) => void;
}

/**
 * Does an activity's work once: a stored result is returned as it is. Heartbeats are sent by a timer, since native code
 * leaves no opportunity to. Setbacks are counted across attempts in the heartbeat details; too many of one kind fail
 * the activity for good.
 */
export async function perform<T>(
  at: Workplace,
  name: string,
  request: unknown,
  work: (performance: Performance) => Promise<T>,
): Promise<T> {
  const key = workKey(name, at.version, request);
  const attempt = new Attempt(at, key);
  try {
    const known = await at.store.result<T>(key);
    if (known !== undefined) {
      noteKnown(Context.current());
      return known;
    }
    attempt.checkLost();
    let then = (): Promise<void> => Promise.resolve();
    const onceKept = (next: () => Promise<void>) => (then = next);
    const made = await work({ key, run: attempt.run, tell: attempt.tell, onceKept });
    const result = madeBy(made, key);
    await at.store.setResult(key, result, { activity: name, request });
    await then().catch(() => undefined);
    return result;
  } catch (error) {
    throw attempt.failed(await storeFailure(at.store, error));
  } finally {
    attempt.end();
  }
}

/** One attempt at an activity's work: its heartbeats, its stopping, and its count of setbacks. */
class Attempt {
  private readonly context = Context.current();
  private readonly before = this.context.info.heartbeatDetails as HeartbeatDetails | undefined;
  private setbacks: Setbacks;
  /** The checkpoint at the last setback: if it has changed, the work made progress. */
  private since: string | undefined;
  private details: HeartbeatDetails;
  private readonly timer: NodeJS.Timeout;
  private readonly begun = performance.now();
  /** Units done when it reported progress last. */
  private counted?: number;
  private readonly progress = this.context.metricMeter.createCounter(
    metricNames.progress,
    undefined,
    'samples evaluated, steps trained, other units',
  );
  /** Units done when this attempt first reported progress. */
  private first?: number;

  constructor(
    private readonly at: Workplace,
    private readonly key: string,
  ) {
    this.setbacks = setbacksBefore(this.before, this.context.info.attempt);
    this.since = this.before?.checkpoint?.sha256;
    const { done, total, note, checkpoint } = this.before ?? { done: 0, total: 0, note: '' };
    this.details = { done, total, note, checkpoint };
    this.timer = setInterval(() => this.beat(), heartbeatMs);
    // Otherwise a worker that is lost at once would never be counted.
    if (this.context.info.attempt > 1) this.beat();
  }

  readonly tell = (details: HeartbeatDetails): void => {
    const { checkpoint } = details;
    if (checkpoint && checkpoint.sha256 !== this.since) this.setbacks = { ...none };
    this.count(details.done);
    this.details = { ...details, secondsLeft: this.secondsLeft(details) };
    this.beat();
  };

  readonly run: Performance['run'] = async (
    job,
    input,
    onProgress = ({ done, total, note }) => this.tell({ done, total, note }),
  ) => {
    const { cancellationSignal } = this.context;
    const stop = new AbortController();
    const abort = () => stop.abort();
    if (cancellationSignal.aborted) abort();
    cancellationSignal.addEventListener('abort', abort);
    let hasRoom = true;
    let isStarted = false;
    const patience = setTimeout(() => {
      hasRoom = isStarted;
      if (!hasRoom) abort();
    }, patienceMs(this.context.info.attempt));
    try {
      return await this.at.pool.run(job, input, {
        signal: stop.signal,
        grace: () => (this.isShutdown ? this.at.drainMs : cancelMs),
        onStart: () => (isStarted = true),
        alone: this.setbacks.outOfMemory > 0,
        elsewhere: this.tried.overflow,
        onProgress,
      });
    } catch (error) {
      if (!hasRoom && !cancellationSignal.aborted) throw noRoom(job, this.tried);
      throw error;
    } finally {
      clearTimeout(patience);
      cancellationSignal.removeEventListener('abort', abort);
    }
  };

  /** @throws ApplicationFailure if too many workers were lost during this work */
  checkLost(): void {
    if (this.setbacks.lost >= limits.lost) throw setbackFailure('lost', undefined, this.tried);
  }

  /** Converts an error for Temporal, and first records what the next attempt must know. */
  failed(error: unknown): Error {
    if (this.context.cancellationSignal.aborted && (error as Error).name === 'AbortError')
      return this.failed(new EngineError('Cancelled', 'the work was cancelled', { cause: error }));
    const setback = setbackOf(error);
    if (setback) this.setbacks = { ...this.setbacks, [setback]: this.setbacks[setback] + 1 };
    const { checkpoint } = this.details;
    this.details = { ...this.details, since: checkpoint?.sha256, over: true };
    if (!this.context.cancellationSignal.aborted || this.isShutdown) this.beat();
    if (this.isShutdown && error instanceof EngineError && error.code === 'Cancelled')
      return handedBack(
        checkpoint
          ? 'the worker is being stopped; another will resume from the last checkpoint'
          : 'the worker is being stopped; another will take this over',
      );
    return failureOf(error, this.tried);
  }

  end(): void {
    clearInterval(this.timer);
  }

  private get tried() {
    const { key, setbacks, at } = this;
    const { attempt, taskQueue } = this.context.info;
    // There is no queue beyond the one for large work.
    const overflow = at.overflow === true && !isQueueOf(taskQueue, 'large');
    return { key, setbacks, attempt, overflow };
  }

  /** True if the worker is being stopped, false if the work was cancelled. */
  private get isShutdown(): boolean {
    const { cancellationSignal, cancellationDetails } = this.context;
    return cancellationSignal.aborted && cancellationDetails?.workerShutdown === true;
  }

  private beat(): void {
    const { details, setbacks, since } = this;
    const counts = Object.values(setbacks).some(Boolean) ? { setbacks } : {};
    this.context.heartbeat({ ...(since !== undefined && { since }), ...details, ...counts });
  }

  /** Counts the units that were done since the last report, for metrics. */
  private count(done: number): void {
    const more = done - (this.counted ?? done);
    this.counted = done;
    const { activityType: activity } = this.context.info;
    if (more > 0) this.progress.add(more, { unit: progressUnit(activity) });
  }

  /** Estimates the rest by the pace of the units that this attempt did itself. */
  private secondsLeft({ done, total }: HeartbeatDetails): number | undefined {
    this.first ??= done;
    const own = done - this.first;
    if (own <= 0 || total < done) return undefined;
    const seconds = (performance.now() - this.begun) / 1000;
    return Math.ceil((seconds / own) * (total - done));
  }
}
