import { WorkflowFailedError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

import { type GuidebookHandle, startGuidebook } from '../../client/start-guidebook';
import { reasonOf } from '../../contract/failure-reason';
import type { Result } from '../../run-spec/result-schema';
import type { CompressionSpec } from '../../run-spec/spec';
import type { Fleet } from './fleet';
import { type Sample, sample } from './observer';

/** A run to do. */
export interface Job {
  readonly name: string;
  readonly spec: CompressionSpec;
}

/** A run that is over, and how it ended. */
export interface Finished {
  readonly job: Job;
  readonly workflowId: string;
  readonly seconds: number;
  readonly result?: Result;
  /** Why there is no result. */
  readonly failure?: string;
}

const lookMs = 500;

/** The guidebook runs of a fleet: started, waited for and looked at through a server that may be gone at any moment. */
export class Runs {
  private readonly open = new Set<string>();

  /**
   * @param patienceSeconds the longest time that one call may go unanswered, and that one run may take
   * @param stopped ends all waiting
   */
  constructor(
    private readonly fleet: Fleet,
    private readonly patienceSeconds: number,
    private readonly stopped: AbortSignal,
  ) {}

  /** Starts a run, or finds it, and waits for its end. @throws Error if that takes too long */
  async run(job: Job): Promise<Finished> {
    return this.end(job, await this.start(job));
  }

  /** Starts a run, or finds it. @throws Error if that takes too long */
  async start({ name, spec }: Job): Promise<GuidebookHandle> {
    const { client, store, taskQueue } = this.fleet;
    const start = () => startGuidebook(client, spec, { store, taskQueue });
    return (await this.persist(`starting ${name}`, start)).handle;
  }

  /** Waits for the end of a run. @throws Error if that takes too long */
  async end(job: Job, handle: GuidebookHandle): Promise<Finished> {
    const begun = Date.now();
    const { workflowId } = handle;
    this.open.add(workflowId);
    try {
      await this.untilOver(job, handle);
    } finally {
      this.open.delete(workflowId);
    }
    const ended = await this.persist(`the result of ${job.name}`, () => endOf(handle));
    return { job, workflowId, seconds: (Date.now() - begun) / 1000, ...ended };
  }

  /** Returns the activities in progress in the runs; undefined while the server does not answer. */
  async look(): Promise<Sample | undefined> {
    return this.within(() => sample(this.fleet.client, [...this.open])).catch(() => undefined);
  }

  private async untilOver({ name }: Job, handle: GuidebookHandle): Promise<void> {
    for (const end = Date.now() + 1000 * this.patienceSeconds; ; await this.pause()) {
      const status = await this.within(() => handle.describe()).catch(() => undefined);
      if (status && status.status.name !== 'RUNNING') return;
      if (Date.now() > end) {
        const now = (await this.look()) ?? [];
        const at = now.map(({ key, attempt, lastFailure }) => `${key} (attempt ${attempt}: ${lastFailure})`);
        throw new Error(
          `${name} is not over after ${this.patienceSeconds} s; pending: ${at.join('; ') || 'nothing'}`,
        );
      }
    }
  }

  /** Does it until it succeeds, as a user would type a command again. */
  private async persist<T>(what: string, work: () => Promise<T>): Promise<T> {
    for (const end = Date.now() + 1000 * this.patienceSeconds; ; await this.pause()) {
      try {
        return await this.within(work);
      } catch (error) {
        if (Date.now() > end) throw new Error(`${what} does not succeed`, { cause: error });
      }
    }
  }

  private pause = (): Promise<void> => sleep(lookMs, undefined, { signal: this.stopped });

  /** A call that hangs with the server is given up soon. */
  private within<T>(work: () => Promise<T>): Promise<T> {
    return this.fleet.client.withDeadline(Date.now() + 15_000, work);
  }
}

async function endOf(handle: GuidebookHandle): Promise<Pick<Finished, 'result' | 'failure'>> {
  try {
    return { result: await handle.result() };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { failure: reasonOf(error) };
    throw error;
  }
}
