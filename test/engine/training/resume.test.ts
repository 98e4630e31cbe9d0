import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { Random } from '../../../engine/data/random';
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import { quiet } from '../../../engine/jobs/job-context';
import type { FineTuneInput } from '../../../engine/jobs/types';
import { saveModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import type { BatchSource } from '../../../engine/training/batches/batches';
import { gathered } from '../../../engine/training/batches/pipeline';
import { train, type Trained } from '../../../engine/training/trainer';
import { smallNetwork, smallSamples, smallSettings, writeSmall, type Written } from './small';

/** At this rate the loss diverges, goes back to a good state amid the second epoch, and then falls. */
const settings = { ...smallSettings, learningRate: 3 };
const steps = settings.epochs * Math.ceil(smallSamples / settings.batch);
const [killedInProcess, killedOfMany, killedProcesses] = [17, 6, 3];

const folder = mkdtempSync(join(tmpdir(), 'slimflow-resume-'));
const model = join(folder, 'model.onnx');
const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
let files: Written;
let data: Dataset;

beforeAll(() => {
  saveModel(smallNetwork(true), model);
  files = writeSmall(folder);
  data = Dataset.open(files);
});
afterEach(() => jest.restoreAllMocks());
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true });
});

let lives = 0;
const input = (changes: Partial<FineTuneInput> = {}): FineTuneInput => ({
  model,
  data: files,
  settings: { ...settings, keepBest: true },
  evaluate: { data: { ...files, range: [0, 50] }, metric: 'top1' },
  threads: 1,
  checkpoints: join(folder, `checkpoints-${lives}`),
  checkpointSeconds: 3600,
  out: join(folder, `out-${lives++}.onnx`),
  ...changes,
});

/** The batches that a whole run asks for, counting those that a return to a good state repeats. */
async function wholeRun(stepsPerCall?: number): Promise<{ told: Trained; batches: number; sha256: string }> {
  let batches = 0;
  const source = gathered(data, settings);
  const counted = { ...source, batch: (step: number) => (batches++, source.batch(step)) };
  const { told, sha256 } = await life({ batches: counted, stepsPerCall });
  return { told: told!, batches, sha256 };
}

/**
 * Trains in this process, at most until the source of batches gives none any more: then the training is left as it
 * stands, in the middle of a step, and never goes on.
 */
async function life({
  batches,
  resume,
  stepsPerCall,
  abandoned = new Promise(() => undefined),
}: {
  batches: BatchSource;
  resume?: string;
  stepsPerCall?: number;
  abandoned?: Promise<void>;
}): Promise<{ told?: Trained; sha256: string; checkpoint?: string }> {
  const { out, checkpoints } = input();
  const judging = Dataset.open({ ...files, range: [0, 50] });
  let checkpoint = resume;
  const training = train(openModel(model), data, {
    settings: { ...settings, stepsPerCall },
    callMs: Infinity,
    threads: 1,
    checkpoints,
    checkpointSeconds: 1,
    resume,
    batches,
    evaluate: { data: judging, metric: 'top1' },
    monitor: {
      report: (progress) => (checkpoint = progress.checkpoint ?? checkpoint),
      checkStop: () => undefined,
    },
    sources: files,
  });
  const told = await Promise.race([training, abandoned]);
  if (told) saveModel(told.graph, out);
  return { told: told ?? undefined, sha256: told ? digest(out) : '', checkpoint };
}

/** Batches that stop coming after a number of them, and a promise of that moment. */
function deadly(killAt: number): { batches: BatchSource; abandoned: Promise<void> } {
  let left = killAt;
  let die: () => void;
  const abandoned = new Promise<void>((resolve) => (die = resolve));
  const source = gathered(data, settings);
  const batch: BatchSource['batch'] = (step) => {
    if (left-- > 0) return source.batch(step);
    die();
    return new Promise(() => undefined);
  };
  return { batches: { ...source, batch }, abandoned };
}

/** A clock that leaps, so that checkpoints fall at arbitrary steps, the same in each run of the test. */
function erraticClock(seed: number): void {
  const random = new Random(seed);
  let now = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => (now += 4000 * random.next() ** 4));
}

describe('training that is killed', () => {
  test('ends in the same bits as training that is not, wherever it is killed and whenever it wrote checkpoints', async () => {
    const whole = await wholeRun();
    expect(whole.told.retries).toHaveLength(1);
    expect(whole.told.retries[0].backTo).toBeGreaterThan(0);
    expect(whole.batches).toBe(2 * steps - whole.told.retries[0].backTo);
    expect(whole.told.best!.value).toBeGreaterThan(90);

    const random = new Random(11);
    const resumedAt: number[] = [];
    for (let point = 0; point < killedInProcess; point++) {
      erraticClock(point);
      const { checkpoint } = await life(deadly(random.below(whole.batches)));
      const again = await life({
        batches: gathered(data, settings),
        resume: checkpoint,
      });
      expect(again.sha256).toBe(whole.sha256);
      const { graph: _, resumedAt: from, ...told } = again.told!;
      expect(whole.told).toMatchObject(told);
      resumedAt.push(from);
    }
    expect(new Set(resumedAt).size).toBeGreaterThan(5);
  });

  test('also ends in the same bits with many steps per call, and continues with more or fewer of them', async () => {
    const [one, many] = [await wholeRun(), await wholeRun(16)];
    expect(many.sha256).toBe(one.sha256);
    expect(many.told).toEqual(one.told);
    const random = new Random(13);
    for (let point = 0; point < killedOfMany; point++) {
      erraticClock(point);
      const killed = deadly(random.below(many.batches));
      const { checkpoint } = await life({ ...killed, stepsPerCall: 1 + random.below(6) });
      const batches = gathered(data, settings);
      const again = await life({ batches, resume: checkpoint, stepsPerCall: 1 + random.below(6) });
      expect(again.sha256).toBe(one.sha256);
      expect(again.told).toEqual({ ...one.told, graph: again.told!.graph, resumedAt: again.told!.resumedAt });
    }
  });

  test('by SIGKILL, in a process of its own, as well', async () => {
    const whole = input();
    const told = await fineTuneJob(whole, quiet);
    const random = new Random(12);
    for (let point = 0; point < killedProcesses; point++) {
      const killAt = 8 + random.below(2 * steps - told.retries[0].backTo - 8);
      const job = input({ checkpointSeconds: 0 });
      const script = join(__dirname, 'killed.js');
      const { signal } = spawnSync(process.execPath, [script, JSON.stringify({ input: job, killAt })]);
      expect(signal).toBe('SIGKILL');
      const left = readdirSync(job.checkpoints).sort();
      expect(left).toHaveLength(2);
      const resume = join(job.checkpoints, left[random.below(2)]);
      expect(await fineTuneJob({ ...job, resume }, quiet)).toMatchObject({
        ...told,
        resumedAt: Number(/step-(\d+)/.exec(resume)![1]),
      });
      expect(digest(job.out)).toBe(digest(whole.out));
    }
  });
});
