import type { NativeConnection } from '@temporalio/worker';
import { setTimeout as sleep } from 'node:timers/promises';

/** Time in ms that a server may take to answer. */
const patienceMs = 5000;

/**
 * Asks a worker's server every two seconds if it is there. The SDK itself retries silently for minutes, and says that
 * the worker is running meanwhile.
 */
export class ServerWatch {
  private readonly ended = new AbortController();
  private reason: string | undefined;

  /**
   * @param ask a call to the server that rejects if it does not answer
   * @param say is called once when the server no longer answers, and once when it does again
   * @param intervalMs time between an answer and the next question
   */
  constructor(
    private readonly ask: () => Promise<unknown>,
    private readonly say: (event: 'away' | 'back', reason?: string) => void,
    private readonly intervalMs = 2000,
  ) {
    void this.watch();
  }

  /** Why the server can't be reached, as of its last answer; undefined if it can. */
  get problem(): string | undefined {
    return this.reason;
  }

  stop(): void {
    this.ended.abort();
  }

  private async watch(): Promise<void> {
    const { signal } = this.ended;
    while (!signal.aborted) {
      const reason = await this.ask().then(
        () => undefined,
        ({ message }: Error) => message,
      );
      if (signal.aborted) return;
      const before = this.reason;
      this.reason = reason;
      if (before === undefined && reason !== undefined) this.say('away', reason);
      if (before !== undefined && reason === undefined) this.say('back');
      await sleep(this.intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}

/** The cheapest question that a Temporal server answers. */
export const askServer = (connection: NativeConnection) => (): Promise<unknown> =>
  connection.withDeadline(Date.now() + patienceMs, () => connection.workflowService.getSystemInfo({}));
