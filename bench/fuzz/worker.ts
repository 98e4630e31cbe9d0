import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { Random } from '../../engine/data/random';
import { Corpus } from './corpus';
import { Coverage } from './coverage';
import { type Find, judge, type Judgement } from './judge';
import { reduced } from './reduce';
import type { Room, Target, TargetName } from './target';
import { targets } from './targets';
import { Watchdog } from './watchdog';

/** Orders that a fuzzing process gets when it starts. */
export interface Orders {
  readonly targets: readonly TargetName[];
  readonly seed: number;
  /** Folder of the corpus of all workers. */
  readonly corpus: string;
  /** Folder of this worker alone. */
  readonly room: string;
}

/** Reports of a fuzzing process: numbers of inputs since the last report, and finds. */
export type Report =
  | { readonly inputs: Readonly<Record<string, number>>; readonly counts: Readonly<Record<string, number>> }
  | {
      readonly target: TargetName;
      readonly find: Find;
      readonly input: Uint8Array;
      readonly smaller: Uint8Array;
    };

/** Name of the note that the watchdog leaves in the worker's room. */
export const noteName = 'verdict.json';
/** Path of the input that a worker is at. */
export const inputFile = (room: string, target: Target): string =>
  join(room, 'models', `input${target.extension}`);
/** Path of the note that says which target a worker is at. */
export const targetFile = (room: string): string => join(room, 'target');

/** ms for one target before the next has its turn; every sixth turn is with coverage. */
const turnMs = 1000;
const scoutEvery = 6;
/** Inputs per one that is looked at thoroughly. */
const thoroughEvery = 64;
/** Runs to make a find smaller. */
const mostRuns = 400;
/** Interval in ms between reports. */
const reportMs = 500;

class Fuzzing {
  private readonly random: Random;
  private readonly watchdog: Watchdog;
  private readonly corpora = new Map<TargetName, Corpus>();
  private readonly coverage = new Coverage();
  private readonly surveyed = new Set<TargetName>();
  private readonly known = new Set<string>();
  private inputs: Record<string, number> = {};
  private counts: Record<string, number> = {};
  private reported = Date.now();
  private run = 0;

  constructor(private readonly orders: Orders) {
    this.random = new Random(orders.seed);
    prepareRoom(orders.room);
    this.watchdog = new Watchdog(join(orders.room, noteName));
  }

  async forever(): Promise<never> {
    for (let turn = this.random.below(scoutEvery); ; turn++)
      for (const name of this.orders.targets) {
        const target = targets.get(name)!;
        if (!this.corpora.has(name)) this.corpora.set(name, new Corpus(this.orders.corpus, target));
        const corpus = this.corpora.get(name)!;
        writeFileSync(targetFile(this.orders.room), name);
        if (turn % scoutEvery === 0) await this.scout(target, corpus);
        const end = Date.now() + turnMs;
        while (Date.now() < end) {
          const input = this.next(target, corpus);
          const judgement = await this.tried(target, input);
          if (judgement.kind === 'fine') corpus.add(input, judgement.signature);
          else await this.found(target, input, judgement.find);
        }
      }
  }

  /** Looks for inputs that run code that no other input ran. */
  private async scout(target: Target, corpus: Corpus): Promise<void> {
    this.coverage.start();
    if (!this.surveyed.has(target.name)) {
      this.surveyed.add(target.name);
      for (const input of corpus.all) {
        const judgement = await this.tried(target, input);
        if (judgement.kind === 'find') await this.found(target, input, judgement.find);
      }
      this.coverage.foundNew();
    }
    const end = Date.now() + turnMs;
    while (Date.now() < end) {
      const input = this.next(target, corpus);
      const judgement = await this.tried(target, input);
      if (judgement.kind === 'find') await this.found(target, input, judgement.find);
      else if (this.coverage.foundNew())
        corpus.add(input, `blocks ${this.coverage.blocks} ${judgement.signature}`);
    }
    this.coverage.stop();
  }

  private next(target: Target, corpus: Corpus): Uint8Array {
    return target.mutate(corpus.pick(this.random), this.random, corpus.pick(this.random));
  }

  private async tried(target: Target, input: Uint8Array): Promise<Judgement> {
    const file = inputFile(this.orders.room, target);
    writeFileSync(file, input);
    const room: Room = {
      file,
      folder: join(this.orders.room, 'out'),
      thorough: this.run++ % thoroughEvery === 0,
      count: (what) => (this.counts[what] = (this.counts[what] ?? 0) + 1),
    };
    this.watchdog.begin();
    const judgement = await judge(target, () => target.run(room));
    this.watchdog.end();
    this.inputs[target.name] = (this.inputs[target.name] ?? 0) + 1;
    if (Date.now() - this.reported > reportMs) await this.report();
    return judgement;
  }

  private async found(target: Target, input: Uint8Array, find: Find): Promise<void> {
    if (this.known.has(find.kind)) {
      this.counts[`again: ${target.name}: ${find.kind}`] =
        (this.counts[`again: ${target.name}: ${find.kind}`] ?? 0) + 1;
      return;
    }
    this.known.add(find.kind);
    const isSame = async (candidate: Uint8Array) => {
      const judgement = await this.tried(target, candidate);
      return judgement.kind === 'find' && judgement.find.kind === find.kind;
    };
    const smaller = await reduced(target, input, isSame, mostRuns);
    await send({ target: target.name, find, input, smaller });
  }

  /** Waits until the parent has taken the report, so that a worker never runs ahead of it. */
  private async report(): Promise<void> {
    const { inputs, counts } = this;
    this.inputs = {};
    this.counts = {};
    this.reported = Date.now();
    await send({ inputs, counts });
  }
}

const send = (report: Report): Promise<void> =>
  new Promise((resolve, reject) =>
    process.send!(report, (error: Error | null) => (error ? reject(error) : resolve())),
  );

/** Files that models refer to: data, a link out of the folder, a named pipe, and what is outside. */
function prepareRoom(room: string): void {
  rmSync(room, { recursive: true, force: true });
  mkdirSync(join(room, 'models'), { recursive: true });
  mkdirSync(join(room, 'out'));
  writeFileSync(join(room, 'data.bin'), 'outside');
  writeFileSync(join(room, 'models', 'data.bin'), Buffer.alloc(4096, 1));
  symlinkSync('../data.bin', join(room, 'models', 'link.bin'));
  spawnSync('mkfifo', [join(room, 'models', 'fifo')]);
}

process.once('message', (orders: Orders) => void new Fuzzing(orders).forever());
process.on('disconnect', () => process.exit());
// An error that nobody waits for is a crash, with the reason in standard error.
process.on('unhandledRejection', (error) => {
  console.error('unhandled', error);
  process.exit(70);
});
