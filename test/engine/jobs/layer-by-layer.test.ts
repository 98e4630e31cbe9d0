import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EngineError } from '../../../engine/errors';
import { compress } from '../../../engine/jobs/compress';
import { evaluateJob } from '../../../engine/jobs/evaluate';
import { withFineTuning } from '../../../engine/jobs/layer-by-layer';
import { type JobContext, quiet } from '../../../engine/jobs/job-context';
import type {
  Compression,
  CompressInput,
  FineTuneEach,
  FineTuneSettings,
  Method,
  Progress,
  Technique,
} from '../../../engine/jobs/types';
import { loadModel } from '../../../engine/onnx/model';
import { layersOf } from '../../../engine/onnx/layers';
import { distance, randoms, runOnce } from '../../support/graphs';
import { machinery, methodOf, optimal } from '../../support/method';
import { digits, digitsModel } from '../../support/paths';
import { tinyJob } from '../../support/tiny';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-layers-'));
tinyJob(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const train = {
  images: join(folder, 'images.npy'),
  labels: join(folder, 'labels.npy'),
  range: [0, 60],
} as const;
const settings: FineTuneSettings = {
  epochs: 0.5,
  learningRate: 0.01,
  batch: 10,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 5e-4,
  schedule: 'one-cycle',
  seed: 0,
};
const byHand = {
  'spatial-svd': { c2: 0.4, c3: 0.5 },
  'weight-svd': { c2: 0.4, c3: 0.5 },
  'channel-pruning': { c2: 0.5, c3: 0.5, fc: 0.75 },
};

let runs = 0;
/** Compresses the tiny network by ratios given by hand. */
const input = (
  technique: Technique,
  fineTuneEach?: Partial<FineTuneEach>,
  changes: Partial<CompressInput> = {},
  method: Partial<Method> = {},
): CompressInput => ({
  model: join(folder, 'model.onnx'),
  method: methodOf(technique, { coupled: true, ...method }),
  selection: { ...optimal, mode: 'manual', ratios: byHand[technique] },
  scores: [],
  train,
  reconstruction: { samples: 20, patches: 10, seed: 0, svd: true },
  machinery,
  fineTuneEach: fineTuneEach && {
    settings,
    checkpoints: join(folder, `checkpoints-${runs}`),
    checkpointSeconds: 3600,
    ...fineTuneEach,
  },
  out: join(folder, `out-${runs++}.onnx`),
  ...changes,
});
const digest = ({ out }: CompressInput) => createHash('sha256').update(readFileSync(out)).digest('hex');
const figures = ({ achieved, macs, params, plan }: Compression) => ({ achieved, macs, params, plan });

describe.each(['spatial-svd', 'weight-svd', 'channel-pruning'] as const)('%s layer by layer', (technique) => {
  it('gives a model of the same plan, shapes and costs as all layers at once', async () => {
    const [once, each] = [input(technique), input(technique, {})];
    const told: Progress[] = [];
    const plain = await compress(once, quiet);
    const tuned = await compress(each, { ...quiet, report: (progress) => told.push(progress) });
    expect(figures(tuned)).toEqual(figures(plain));
    const shapes = ({ out }: CompressInput) => layersOf(loadModel(out)).map(({ name, dims }) => [name, dims]);
    expect(shapes(each)).toEqual(shapes(once));
    const parts = plain.plan.length;
    // Half of 60 samples in batches of 10 are 3 steps.
    expect(tuned.notes.at(-1)).toMatch(
      new RegExp(
        `^${parts} layers were compressed one after the other, each followed by 0.5 epochs .* ${3 * parts} steps`,
      ),
    );
    expect(told.every(({ done, total }) => done <= total && total === 3 * parts)).toBe(true);
    expect(told.at(-1)).toMatchObject({
      done: 3 * parts,
      checkpoint: expect.stringContaining('layers-') as string,
    });
    const x = randoms([2, 1, 8, 8], 20);
    const [a, b] = await Promise.all([once, each].map(async ({ out }) => runOnce(loadModel(out), x)));
    expect(distance(a, b)).toBeGreaterThan(1e-3);
  });

  it('equals all layers at once if nothing is learnt', async () => {
    const nothing = { ...settings, learningRate: 1e-35, weightDecay: 0, schedule: 'constant' } as const;
    const [once, each] = [input(technique), input(technique, { settings: nothing })];
    await compress(once, quiet);
    await compress(each, quiet);
    const x = randoms([2, 1, 8, 8], 20);
    const [a, b] = await Promise.all([once, each].map(async ({ out }) => runOnce(loadModel(out), x)));
    expect(distance(a, b)).toBeLessThan(1e-4);
  });

  it('ends in the same bits wherever it was stopped', async () => {
    const whole = input(technique, {});
    await compress(whole, quiet);
    // A checkpoint a step: inside the first fine-tuning, behind a layer, inside the last.
    for (const stopAt of [1, 3, 5]) {
      const kept = join(folder, `kept-${runs}`);
      const stopped = input(technique, { checkpointSeconds: 0 });
      await expect(compress(stopped, stopping(stopAt, kept))).rejects.toThrow('stopped');
      const resumed = input(technique, { resume: kept });
      let first: Progress | undefined;
      await compress(resumed, { ...quiet, report: (progress) => (first ??= progress) });
      expect(first!.done).toBeGreaterThanOrEqual(stopAt);
      expect(digest(resumed)).toBe(digest(whole));
    }
  });
});

/** Keeps a copy of each checkpoint, and stops the job after one of a number of steps or more. */
function stopping(steps: number, kept: string): JobContext {
  let over = false;
  return {
    report({ done, checkpoint }) {
      if (!checkpoint) return;
      copyFileSync(checkpoint, kept);
      over ||= done >= steps;
    },
    checkStop() {
      if (over) throw new EngineError('Cancelled', 'stopped');
    },
  };
}

it('varies the images where the settings say so', async () => {
  const [plain, varied] = [{}, { augment: { flip: true } }].map((more) =>
    input('spatial-svd', { settings: { ...settings, ...more } }),
  );
  for (const one of [plain, varied]) await compress(one, quiet);
  expect(digest(varied)).not.toBe(digest(plain));
});

it('prunes channels by hand under the names that parts have in the model', async () => {
  const selection = { ...optimal, mode: 'manual', channels: { c2: [0, 3], c3: [1, 2, 5] } } as const;
  const each = input('channel-pruning', {}, { selection });
  await compress(each, quiet);
  const pruned = loadModel(each.out);
  expect(['c1', 'c2', 'c3'].map((name) => pruned.constantDims(`${name}.weight`)!.slice(0, 2))).toEqual([
    [6, 1],
    [9, 6],
    [12, 9],
  ]);
});

it('measures a latency once, and keeps to what it chose', async () => {
  const each = input('spatial-svd', {}, {}, { cost: 'latency' });
  const { achieved, plan } = await compress(each, quiet);
  expect(achieved).toBeGreaterThan(0);
  expect(plan.map(({ layer }) => layer)).toEqual(['c2', 'c3']);
});

it('wins back what pruning residual branches lost', async () => {
  // The first part is read across the whole first stage, whose layers then compute fewer channels than they did.
  const ratios = { '/blocks/blocks.0/c1/Conv': 0.4, '/blocks/blocks.1/c2/Conv': 0.4 };
  const residual = (fineTuneEach?: Partial<FineTuneEach>) =>
    input('channel-pruning', fineTuneEach, {
      model: digitsModel(),
      selection: { ...optimal, mode: 'manual', ratios },
      train: digits(0, 512),
      reconstruction: { samples: 50, patches: 10, seed: 0 },
    });
  const [once, each] = [
    residual(),
    residual({ settings: { ...settings, epochs: 1, batch: 32, learningRate: 0.001 } }),
  ];
  const plain = await compress(once, quiet);
  expect(figures(await compress(each, quiet))).toEqual(figures(plain));
  const accuracy = async ({ out: model }: CompressInput) =>
    (await evaluateJob({ model, data: digits(7000, 7200), metric: 'top1', machinery }, quiet)).value;
  const [before, after] = [await accuracy(once), await accuracy(each)];
  expect(after).toBeGreaterThan(before + 3); // 87 and 96.5 where this was written
});

it('learns without labels from the model as it was, or from another', async () => {
  const taught = { settings: { ...settings, distillation: {} } };
  const unlabelled = { train: { images: train.images, range: train.range } };
  const [own, other] = [
    input('spatial-svd', taught, unlabelled),
    input('spatial-svd', { ...taught, teacher: digitsModel() }, unlabelled),
  ];
  const { notes } = await compress(own, quiet);
  expect(notes.at(-1)).toMatch(/^2 layers .* 6 steps/);
  await expect(compress(other, quiet)).rejects.toThrow(/the teacher|takes/);
});

describe('fine-tuning after each layer is refused', () => {
  const refused = (changes: Partial<CompressInput>, each: Partial<FineTuneEach> = {}) =>
    expect(compress(input('spatial-svd', each, changes), quiet)).rejects;
  it.each([0, -1, NaN, Infinity])('for %d epochs', (epochs) =>
    refused({}, { settings: { ...settings, epochs } }).toThrow(/epochs .* must be above 0/),
  );
  it('without training data, or without labels', async () => {
    await refused({ train: { random: { samples: 4, seed: 0 } } }).toThrow(/data.train.labels/);
    await refused({ train: { images: train.images } }).toThrow(/data.train.labels/);
    const distillation = { weight: 0.5 };
    await refused({ train: { images: train.images } }, { settings: { ...settings, distillation } }).toThrow(
      /data.train.labels/,
    );
  });
  it('from a checkpoint of other settings', async () => {
    const kept = join(folder, 'others');
    await expect(
      compress(input('spatial-svd', { checkpointSeconds: 0 }), stopping(1, kept)),
    ).rejects.toThrow();
    await refused({}, { resume: kept, settings: { ...settings, seed: 5 } }).toThrow(/other settings/);
  });
  it('naming the layer behind which training fails', () =>
    refused(
      { train: { ...train, range: [0, 20] } },
      { settings: { ...settings, epochs: 1, learningRate: 1e38, schedule: 'constant' } },
    ).toThrow(/fine-tuning after c2: .*diverged/));
});

it('tells what every fine-tuning says once, and nothing else apart from it', () => {
  const compressed = { text: 'c1 is left alone: the loss grew' };
  const notes = withFineTuning([compressed], 'c1', ['the loss grew', 'batches hold all 20 samples']);
  expect(notes).toEqual([
    compressed,
    { text: 'the loss grew', after: 'c1' },
    { text: 'batches hold all 20 samples', after: 'c1' },
  ]);
  expect(withFineTuning(notes, 'c2', ['the loss grew', 'it was tried again'])).toEqual([
    ...notes,
    { text: 'it was tried again', after: 'c2' },
  ]);
});
