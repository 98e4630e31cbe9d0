import { saysOutOfMemory } from '../runtime/out-of-memory';

/** Ways in which a job's process can end before its job does. */
export type ProcessProblem = 'Crashed' | 'OutOfMemory' | 'Stalled';

/**
 * A job's process is gone, by itself or since the job hung, and the job with it. Unlike an EngineError's cause, this may go better when retried: with
 * more memory, or without whatever else was running.
 */
export class JobProcessError extends Error {
  override readonly name = 'JobProcessError';

  constructor(
    readonly problem: ProcessProblem,
    message: string,
  ) {
    super(message);
  }
}

/** End of a process, and what it was doing. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The job, and the part of the model that it concerned. */
  readonly doing: string;
  /** The job's last message. */
  readonly note?: string;
  /** The end of what the process wrote to its standard error. */
  readonly said: string;
}

/**
 * Makes the error of a process that ended by itself or was killed from outside, in a sentence that says what it was
 * doing.
 */
export function processError({ code, signal, doing, note, said }: Ending): JobProcessError {
  const at = `${doing}${note ? ` (at ${note})` : ''}`;
  const last = said.trim().split('\n').at(-1)?.trim().slice(0, 300);
  const words = last ? `: ${last}` : '';
  // Nothing here sends SIGKILL without saying why: it comes from the kernel, or a container's limit.
  if (signal === 'SIGKILL')
    return new JobProcessError(
      'OutOfMemory',
      `the system killed the process of ${at}, as it does when memory runs out${words}`,
    );
  if (saysOutOfMemory(said))
    return new JobProcessError('OutOfMemory', `memory ran out in the process of ${at}${words}`);
  const how = signal ? `exit signal ${signal}` : `exit code ${code}`;
  return new JobProcessError('Crashed', `native code crashed in ${at}, ${how}${words}`);
}
