import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { EngineError } from '../errors';
import { isLate, limited, processorSeconds, type Since } from '../runtime/guard/limited-process';
import { removeStale } from '../runtime/stale-models';
import { type Failed, fromFailed } from './serialized-error';
import { JobProcessError, processError, type ProcessProblem } from './process-error';
import type { RunOptions } from './job-runner';
import type { JobName, Progress } from '../jobs/types';

/** Messages to a job's process, and from it. */
export type ToProcess = { readonly job: JobName; readonly input: unknown } | 'stop';
export type FromProcess =
  { readonly progress: Progress } | { readonly ok: unknown } | { readonly failed: Failed };

/** The file that such a process runs. */
export const processFile = join(__dirname, 'process-main.js');
/** Characters of standard error that are kept to report a crash. */
const keptWords = 4096;
const defaultGraceMs = 3000;

/** A limit that a job announced for what it is at. */
interface Bound {
  readonly note: string;
  readonly seconds: number;
  readonly since: Since;
}

interface Task {
  readonly doing: string;
  readonly onMessage: (message: FromProcess) => void;
  readonly onEnd: (error: Error) => void;
}

/** A process that runs one job after another, and may die without anything else dying with it. */
export class JobProcess {
  /** Settles once the process is gone and all its messages were received. */
  readonly ended: Promise<void>;
  private readonly child: ChildProcess;
  private task?: Task;
  private note?: string;
  private said = '';
  private bound: Bound | undefined;
  /** Why it was killed, if it was killed here. */
  private verdict?: Error;
  private over?: Error;

  /** @param bytes most memory that the system lets it allocate */
  constructor(bytes: number) {
    this.child = limited(
      processFile,
      { bytes },
      // Unlike JSON, this serialization preserves Infinity, NaN and undefined.
      { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'] },
    );
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-keptWords);
    });
    this.child.on('message', (message: FromProcess) => this.hear(message));
    this.ended = this.untilEnded();
    this.idle(true);
  }

  /** Undefined if it could not be started. */
  get pid(): number | undefined {
    return this.child.pid;
  }

  /** True if it can run no more jobs. */
  get isGone(): boolean {
    return this.verdict !== undefined || this.over !== undefined || !this.child.connected;
  }

  /**
   * Runs one job; only one at a time.
   * @throws as JobRunner.run
   */
  async run(job: JobName, input: object, { signal, onProgress, grace }: RunOptions): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      this.send('stop');
      const kill = () =>
        this.kill(new EngineError('Cancelled', 'the job did not stop in time: its process was killed'));
      timer = setTimeout(kill, grace?.() ?? defaultGraceMs);
    };
    this.idle(false);
    this.note = undefined;
    try {
      return await new Promise((resolve, reject) => {
        if (this.over) return reject(this.over);
        const { layer } = input as { layer?: string };
        this.task = {
          doing: layer === undefined ? job : `${job} of ${layer}`,
          onMessage: (message) => {
            if ('ok' in message) resolve(message.ok);
            else if ('failed' in message) reject(fromFailed(message.failed));
            else {
              const { note, within } = message.progress;
              this.note = note;
              const since = { cpu: processorSeconds(this.pid), ms: performance.now() };
              this.bound = within === undefined ? undefined : { note, seconds: within, since };
              onProgress?.(message.progress);
            }
          },
          onEnd: reject,
        };
        this.send({ job, input });
        if (signal?.aborted) stop();
        else signal?.addEventListener('abort', stop, { once: true });
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      this.task = undefined;
      this.bound = undefined;
      this.idle(true);
    }
  }

  /** Note and limit in s of the work under way, if it has taken longer than announced. */
  get overdue(): Pick<Bound, 'note' | 'seconds'> | undefined {
    const { bound } = this;
    return bound && isLate(processorSeconds(this.pid), bound.since, bound.seconds) ? bound : undefined;
  }

  /**
   * Ends the process at once, whatever it is doing.
   * @param why the error that its job fails with
   */
  kill(why: Error = new EngineError('Cancelled', 'the pool was closed')): void {
    this.verdict ??= why;
    this.idle(false); // otherwise whoever waits for its end might not live to see it
    this.child.kill('SIGKILL');
  }

  /** Ends it because of a problem: `message` follows the name of the job and what it is at. */
  killFor(problem: ProcessProblem, message: string): void {
    const { doing } = this.task ?? { doing: 'an idle process' };
    this.kill(new JobProcessError(problem, `${doing}${this.note ? ` (at ${this.note})` : ''} ${message}`));
  }

  private hear(message: FromProcess): void {
    this.task?.onMessage(message);
  }

  private send(message: ToProcess): void {
    // If the process is gone, its end will be reported.
    if (this.child.connected) this.child.send(message, () => undefined);
  }

  /** An idle process does not keep this one alive. */
  private idle(is: boolean): void {
    const handles = [
      this.child,
      this.child.channel,
      this.child.stderr as unknown as { ref(): void; unref(): void },
    ];
    for (const handle of handles) {
      if (is) handle?.unref();
      else handle?.ref();
    }
  }

  private async untilEnded(): Promise<void> {
    const { child } = this;
    // What it sent before it died arrives after its exit is known: a checkpoint reported last must not be lost.
    const exit = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('exit', (...how) => resolve(how));
      child.once('error', reject);
    });
    const heard = new Promise<void>((resolve) => child.once('disconnect', resolve));
    const said = new Promise<void>((resolve) => child.stderr!.once('close', () => resolve()));
    let error: Error;
    try {
      const [code, signal] = await exit;
      await Promise.all([heard, said]);
      error =
        this.verdict ??
        processError({
          code,
          signal,
          doing: this.task?.doing ?? 'an idle process',
          note: this.note,
          said: this.said,
        });
    } catch (failure) {
      error = new Error(`a job's process could not be started: ${(failure as Error).message}`, {
        cause: failure,
      });
    }
    if (this.pid !== undefined) removeStale(undefined, this.pid);
    this.over = error;
    this.task?.onEnd(error);
  }
}
