import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { isLate, limited, processorSeconds } from './limited-process';
import type { GuardedReply, GuardedResults, GuardedTask } from './guarded-task';

/** Limits of a run. */
export interface RunLimits {
  /** Seconds of processor time. */
  readonly seconds: number;
  /** Bytes of memory, ONNX Runtime's own allocations included. */
  readonly bytes: number;
}

/** Outcome of a run: results, an error of ONNX Runtime's, or the end of the process; and the node that it was at. */
export type Outcome = { readonly at?: string } & (
  | { readonly results: GuardedResults }
  | { readonly failed: string }
  | { readonly ended: 'time' | 'memory' | 'crash' }
);

/** Times that the processor time of a run is looked at before its limit, and the longest interval in ms between two. */
const looks = 5;
const lookMs = 100;
/** A process gets this many times a run's seconds before the system ends it, for runs whose parent is gone. */
const spare = 20;
/** Runs after which a process is replaced, so that what ONNX Runtime keeps does not add up. */
const mostRuns = 2000;

/** A process with limits of the operating system's, for runs of users' models one after another. */
export class GuardProcess {
  private readonly child: ChildProcess;
  private readonly over: Promise<NodeJS.Signals | null>;
  /** Settles when the process has loaded what it needs, or is gone. */
  private readonly ready: Promise<unknown>;
  private runs = 0;
  private isOver = false;

  constructor(readonly limits: RunLimits) {
    this.child = started(limits);
    this.over = new Promise((resolve) => {
      this.child.once('exit', (_, signal) => resolve(signal));
      this.child.once('error', () => resolve(null));
    });
    void this.over.then(() => (this.isOver = true));
    this.ready = Promise.race([new Promise((resolve) => this.child.once('message', resolve)), this.over]);
    this.hold(false);
  }

  /** True if it can take another run with these limits. */
  serves({ bytes, seconds }: RunLimits): boolean {
    const { limits } = this;
    return !this.isOver && this.runs < mostRuns && limits.bytes === bytes && limits.seconds === seconds;
  }

  /** Runs one task; only one at a time. */
  async run(task: GuardedTask): Promise<Outcome> {
    this.runs++;
    this.hold(true);
    await this.ready;
    const { child, limits } = this;
    const since = { cpu: this.cpuSeconds(), ms: performance.now() };
    let at: string | undefined;
    let hasEnded = false;
    const look = setInterval(
      () => {
        hasEnded ||= isLate(this.cpuSeconds(), since, limits.seconds);
        if (hasEnded) child.kill('SIGKILL');
      },
      Math.min(lookMs, (1000 * limits.seconds) / looks),
    );
    let hear: ((reply: GuardedReply) => void) | undefined;
    try {
      const replied = new Promise<Outcome>((resolve) => {
        hear = (reply) => {
          if ('at' in reply) at = reply.at;
          else if (!('ready' in reply)) resolve(reply);
        };
        child.on('message', hear);
      });
      // A process that is gone already is reported by its end.
      child.send(task, () => undefined);
      const ended = this.over.then((signal): Outcome => ({ ended: hasEnded ? 'time' : endOf(signal) }));
      return { ...(await Promise.race([replied, ended])), at };
    } finally {
      clearInterval(look);
      if (hear) child.off('message', hear);
      this.hold(false);
    }
  }

  /** Ends the process. */
  end(): void {
    this.child.kill('SIGKILL');
  }

  /** A process without a task does not keep this one alive. */
  private hold(is: boolean): void {
    for (const handle of [this.child, this.child.channel]) {
      if (is) handle?.ref();
      else handle?.unref();
    }
  }

  private cpuSeconds(): number | undefined {
    return processorSeconds(this.child.pid);
  }
}

const endOf = (signal: NodeJS.Signals | null): 'time' | 'memory' | 'crash' =>
  signal === 'SIGXCPU' ? 'time' : signal === 'SIGKILL' || signal === 'SIGABRT' ? 'memory' : 'crash';

const started = ({ bytes, seconds }: RunLimits): ChildProcess =>
  limited(
    join(__dirname, 'guard-main.js'),
    { bytes, seconds: spare * seconds },
    { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], serialization: 'advanced' },
  );
