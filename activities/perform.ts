import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';

import { EngineError } from '../engine/errors';
import type { JobName, Jobs, Progress } from '../engine/jobs/types';
import { madeBy } from '../store/artifact';
import { workKey } from '../store/digest';
import { storeFailure } from './lost';
import type { HeartbeatDetails } from './types';
import type { Workplace } from './workplace';

/** Far more often than the heartbeat timeout, so that a few late timers do no harm. */
const heartbeatMs = 3000;
/** Errors of the program itself; they come back however often they are tried. */
const bugs = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];

/** What the body of an activity is given. */
export interface Performance {
  /** The digest of what is done, with what, by which engine. */
  readonly key: string;
  /** Runs a job of the engine that stops when the activity is cancelled; its progress goes into the heartbeat. */
  readonly run: <Name extends JobName>(
    job: Name,
    input: Jobs[Name]['input'],
    onProgress?: (progress: Progress) => void,
  ) => Promise<Jobs[Name]['output']>;
  /** What the next heartbeats say. */
  readonly tell: (details: HeartbeatDetails) => void;
}

/**
 * Does an activity's work once: a result known from before is taken as it is. While the work goes on, it heartbeats on
 * a timer of its own, since native code leaves no moment to.
 */
export async function perform<T>(
  at: Workplace,
  name: string,
  request: unknown,
  work: (performance: Performance) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const key = workKey(name, at.version, request);
  let details = context.info.heartbeatDetails as HeartbeatDetails | undefined;
  const beat = () => context.heartbeat(details);
  const timer = setInterval(beat, heartbeatMs);
  try {
    const known = await at.store.result<T>(key);
    if (known !== undefined) return known;
    const tell = (next: HeartbeatDetails) => {
      details = next;
      beat();
    };
    const made = await work({
      key,
      tell,
      run: (job, input, onProgress = ({ done, total, note }) => tell({ done, total, note })) =>
        at.pool.run(job, input, { signal: context.cancellationSignal, onProgress }),
    });
    const result = madeBy(made, key);
    await at.store.setResult(key, result, { activity: name, request });
    return result;
  } catch (error) {
    throw failureOf(await storeFailure(at.store, error));
  } finally {
    clearInterval(timer);
  }
}

/** The failure that Temporal is told: of a type that says what went wrong, and retried only where that can help. */
export function failureOf(error: unknown): unknown {
  if (error instanceof EngineError && error.code === 'Cancelled') return new CancelledFailure(error.message);
  if (error instanceof EngineError)
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: true,
      cause: error,
    });
  const { name, message } = error as Error;
  if (bugs.includes(name))
    return ApplicationFailure.create({
      message: `${name}: ${message}`,
      type: 'Bug',
      nonRetryable: true,
      cause: error as Error,
    });
  return error;
}
