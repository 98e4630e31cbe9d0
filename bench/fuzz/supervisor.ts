import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { limitVariables } from '../../engine/runtime/guard/guarded-run';
import type { Find } from './judge';
import { shapeOf } from './judge';
import type { Target, TargetName } from './target';
import { targets } from './targets';
import type { Verdict } from './watchdog';
import { inputFile, noteName, type Orders, type Report, targetFile } from './worker';

/** Receives what a worker reports. */
export interface Listener {
  readonly onInputs: (inputs: Readonly<Record<string, number>>) => void;
  readonly onCounts: (counts: Readonly<Record<string, number>>) => void;
  readonly onFind: (target: Target, find: Find, input: Uint8Array, smaller?: Uint8Array) => void;
}

/** Memory is faster than a disk, and inputs are many. */
const fast = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** One fuzzing process after another: an input that ends one is a find, and the next takes over. */
export class Supervisor {
  private readonly room = mkdtempSync(join(fast, 'slimflow-fuzz-'));
  private child: ChildProcess | undefined;
  private isOver = false;
  private generation = 0;
  private said = '';

  constructor(
    private readonly orders: Pick<Orders, 'targets' | 'seed' | 'corpus'>,
    private readonly listener: Listener,
  ) {
    this.start();
  }

  /** Ends the process and removes its folder. */
  async stop(): Promise<void> {
    this.isOver = true;
    const { child } = this;
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
    }
    rmSync(this.room, { recursive: true, force: true });
  }

  private start(): void {
    this.said = '';
    const child = fork(join(__dirname, 'worker.js'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: ['--max-old-space-size=3000'],
      // A model that never ends, or takes all memory, is found out sooner than users' models are: a few in a thousand
      // would take most of the time.
      env: { ...process.env, [limitVariables.seconds]: '0.2', [limitVariables.gigabytes]: '0.6' },
    });
    this.child = child;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.said = (this.said + text).slice(-4000);
    });
    child.on('message', (report: Report) => {
      if ('find' in report)
        this.listener.onFind(targets.get(report.target)!, report.find, report.input, report.smaller);
      else {
        this.listener.onInputs(report.inputs);
        this.listener.onCounts(report.counts);
      }
    });
    child.once('exit', (code, signal) => this.ended(code, signal));
    child.send({ ...this.orders, room: this.room, seed: this.orders.seed + 7919 * this.generation++ });
  }

  private ended(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.isOver) return;
    const name = existsSync(targetFile(this.room)) ? readFileSync(targetFile(this.room), 'utf8') : undefined;
    const target = targets.get(name as TargetName);
    if (!target) throw new Error(`a fuzzing process ended before its first input: ${this.said}`);
    const input = readFileSync(inputFile(this.room, target));
    this.listener.onFind(target, this.findOf(code, signal), input);
    this.start();
  }

  private findOf(code: number | null, signal: NodeJS.Signals | null): Find {
    const note = join(this.room, noteName);
    if (existsSync(note)) {
      const { kind, told, stack } = JSON.parse(readFileSync(note, 'utf8')) as Verdict;
      const own = stack.split('\n').find((line) => /dist\/(?!bench)/.test(line)) ?? stack.split('\n')[0];
      const [, where = 'native code', file = ''] = /at (\S+).*?([\w-]+\.js)?:?\d*\)?$/.exec(own) ?? [];
      return {
        kind: `${kind} in ${where} ${file}`.trim(),
        message: `${kind} after ${told}: ${own.trim()}`,
        stack,
      };
    }
    const last =
      this.said
        .trim()
        .split('\n')
        .find((line) => /error|fatal|unhandled/i.test(line)) ?? '';
    const how = signal ?? `exit code ${code}`;
    return {
      kind: `crash by ${how}: ${shapeOf(last)}`,
      message: `the process ended by ${how}`,
      stack: this.said,
    };
  }
}
