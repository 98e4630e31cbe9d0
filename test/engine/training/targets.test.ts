import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import type { MetricName } from '../../../engine/names';
import { writeNpy } from '../../../engine/data/npy';
import { Random } from '../../../engine/data/random';
import { fineTuneJob } from '../../../engine/jobs/fine-tune';
import { quiet } from '../../../engine/jobs/job-context';
import type { FineTuneInput, FineTuneSettings } from '../../../engine/jobs/types';
import { openModel } from '../../../engine/onnx/open-model';
import { Session } from '../../../engine/runtime/session';
import { lastCheckpoint } from '../../../engine/training/loop/checkpoint';
import { withOwnConstants } from '../../../engine/training/parameters/parameters';
import { eachGradient } from '../../../engine/training/sensitivity';
import { measureShapes } from '../../../engine/training/emit/batch-shapes';
import { buildTrainingStep } from '../../../engine/training/step/step';
import { train } from '../../../engine/training/trainer';
import { floats } from '../../../engine/tensor/tensor';
import { type TargetKind, targetsJob } from '../../support/targets';
import { smallSettings } from './small';
import { distance, floatsOf } from './support';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-targets-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The files of a job with a kind of labels. */
function written(kind: TargetKind) {
  const own = mkdtempSync(join(folder, 'job-'));
  targetsJob(own, kind);
  const files = { images: join(own, 'images.npy'), labels: join(own, 'labels.npy') };
  return { own, model: join(own, 'model.onnx'), files };
}

/** Every seventh number is not known, which 99 says. */
function withGaps(labels: string): void {
  const data = Dataset.open({ images: labels, labels });
  const { images } = data.slice(0, data.length);
  const dims = [data.length, ...data.shape];
  data.close();
  writeNpy(
    labels,
    floats(
      dims,
      images.map((value, at) => (at % 7 ? value : 99)),
    ),
  );
}

const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

describe('training on labels that are no classes', () => {
  test.each<[TargetKind, MetricName, Partial<FineTuneSettings>]>([
    ['numbers', 'r2', { loss: 'mean-squared-error', optimizer: 'adamw', ema: 0.9 }],
    ['maps', 'rmse-score', { loss: 'mean-squared-error', microBatch: 3, augment: { flip: true, crop: 1 } }],
    ['yes or no', 'mean-average-precision', { loss: 'binary-cross-entropy', clip: 1 }],
  ])('%s: killed and gone on from, it ends in the same bits', async (kind, metric, changes) => {
    const { own, model, files } = written(kind);
    if (kind === 'maps') withGaps(files.labels);
    const unknown = kind === 'maps' ? 99 : undefined;
    let lives = 0;
    const input = (): FineTuneInput => ({
      model,
      fromScratch: true,
      data: { ...files, unknown, range: [0, 95] },
      // 72 steps, of which a call may have four: it ends at each state that may be kept.
      settings: { ...smallSettings, epochs: 3, batch: 4, learningRate: 0.01, keepBest: true, ...changes },
      evaluate: { data: { ...files, unknown, range: [200, 250] }, metric },
      threads: 1,
      checkpoints: join(own, `checkpoints-${lives}`),
      checkpointSeconds: 0,
      out: join(own, `out-${lives++}.onnx`),
    });
    const whole = input();
    const told = await fineTuneJob(whole, quiet);
    expect(told.losses[2]).toBeLessThan(told.losses[0]);
    expect(told.evaluations).toHaveLength(4);
    const random = new Random(31);
    for (const stepsPerCall of [1, 4]) {
      const killed = input();
      const settings = { ...killed.settings, stepsPerCall };
      let left = 8 + random.below(12);
      const checkStop = () => {
        if (!left--) throw new Error('killed');
      };
      await expect(fineTuneJob({ ...killed, settings }, { ...quiet, checkStop })).rejects.toThrow('killed');
      const resume = lastCheckpoint(killed.checkpoints);
      const again = await fineTuneJob({ ...killed, resume }, quiet);
      expect(again.resumedAt).toBeGreaterThan(0);
      expect(again).toEqual({ ...told, resumedAt: again.resumedAt });
      expect(digest(killed.out)).toBe(digest(whole.out));
    }
  });

  test('a checkpoint of other numbers is not gone on from', async () => {
    const { own, model, files } = written('numbers');
    const input: FineTuneInput = {
      model,
      fromScratch: true,
      data: { ...files, range: [0, 40] },
      threads: 1,
      settings: { ...smallSettings, epochs: 1, batch: 20, loss: 'mean-squared-error' },
      checkpoints: join(own, 'kept'),
      checkpointSeconds: 0,
      out: join(own, 'out.onnx'),
    };
    await fineTuneJob(input, quiet);
    const resume = lastCheckpoint(input.checkpoints);
    await expect(fineTuneJob({ ...input, resume }, quiet)).resolves.toBeDefined();
    const data = Dataset.open(files);
    const labels = [...data.eachLabels()].flatMap((part) => [...part]);
    data.close();
    labels[7] += 0.001;
    writeNpy(files.labels, floats([300, 2], labels));
    await expect(fineTuneJob({ ...input, resume }, quiet)).rejects.toThrow(
      /is of another model, data set or settings/,
    );
  });

  test('guessing the mean of numbers costs their variance, which divergence is judged by', async () => {
    const { model } = written('numbers');
    const graph = withOwnConstants(openModel(model));
    const shapes = await measureShapes(graph, [1, 8, 8]);
    const settings = { weightDecay: 0, loss: 'mean-squared-error', labelShape: [2], labelSpread: 5 } as const;
    expect(buildTrainingStep(graph, shapes, { ...settings, floatLabels: true }).chance).toBe(5);
    const distillation = { weight: 0.4, logits: 'mse' } as const;
    const teacher = { graph, shapes };
    expect(buildTrainingStep(graph, shapes, { ...settings, teacher, distillation }).chance).toBeCloseTo(3);
  });
});

describe('what does not fit is told in a sentence', () => {
  const refused = async (
    kind: TargetKind,
    settings: Partial<FineTuneSettings>,
    { labels, teacher }: { labels?: string | null; teacher?: boolean } = {},
  ) => {
    const { own, model, files } = written(kind);
    const source = labels === null ? { images: files.images } : { ...files, labels: labels ?? files.labels };
    const data = Dataset.open(source);
    const monitor = quiet;
    const graph = openModel(model);
    try {
      await train(graph, data, {
        settings: { ...smallSettings, epochs: 1, ...settings },
        threads: 1,
        monitor,
        checkpoints: join(own, 'none'),
        checkpointSeconds: Infinity,
        sources: source,
        ...(teacher && { teacher: graph }),
      });
    } finally {
      data.close();
    }
  };
  const file = (name: string, values: readonly number[], dims: readonly number[]) => {
    const path = join(folder, `${name}.npy`);
    writeNpy(path, floats(dims, values));
    return path;
  };

  test.each<[string, TargetKind, Partial<FineTuneSettings>, () => Parameters<typeof refused>[2], RegExp]>([
    [
      'floats for cross-entropy',
      'numbers',
      {},
      () => ({ labels: file('floats', Array<number>(300).fill(1), [300]) }),
      /labels are floats and have shape \[batch\], but cross-entropy of scores .* needs \[batch\] of integers/,
    ],
    [
      'probabilities above 1',
      'yes or no',
      { loss: 'binary-cross-entropy' },
      () => ({ labels: file('above', Array<number>(900).fill(0.5).fill(1.25, 32, 33), [300, 3]) }),
      /above\.npy holds label 1\.25 \(row 10 of the split\); binary-cross-entropy needs labels from 0 to 1: fix that/,
    ],
    [
      'NaN',
      'numbers',
      { loss: 'mean-squared-error' },
      () => ({ labels: file('nan', Array<number>(600).fill(0).fill(NaN, 3, 4), [300, 2]) }),
      /nan\.npy holds label NaN \(row 1 of the split\); mean-squared-error needs finite labels: fix that/,
    ],
    [
      'no labels',
      'maps',
      { loss: 'mean-squared-error' },
      () => ({ labels: null }),
      /images\.npy has no labels, which metrics and fine-tuning need/,
    ],
    [
      'one score by distributions',
      'maps',
      { distillation: {} },
      () => ({ teacher: true }),
      /distillation\.logits is kl, which compares distributions over classes, but output y has one score: set it to mse/,
    ],
  ])('%s', async (_, kind, settings, how, message) => {
    await expect(refused(kind, settings, how())).rejects.toThrow(message);
  });
});

describe('gradients that rank channels use the labels', () => {
  /** The gradient of the mean loss over all images by the last layer's bias, written down: of y and t alone. */
  const byHand: Record<'numbers' | 'yes or no', (y: number, t: number, count: number) => number> = {
    numbers: (y, t, count) => (2 * (y - t)) / count,
    'yes or no': (y, t, count) => (1 / (1 + Math.exp(-y)) - t) / count,
  };
  test.each(['numbers', 'yes or no'] as const)('%s', async (kind) => {
    const { model, files } = written(kind);
    const graph = openModel(model);
    const data = Dataset.open({ ...files, range: [0, 20] });
    try {
      const found: number[] = [];
      const options = { samples: 20, batch: 20, seed: 0, labels: true, threads: 1, sources: files };
      await eachGradient(graph, data, ['fc.bias'], options, (gradients) =>
        found.push(...gradients.get('fc.bias')!.data),
      );
      const { images, labels } = data.slice(0, 20);
      const session = await Session.open(graph, { threads: 1, provider: 'cpu' });
      const { y } = await session.run({ x: floats([20, 1, 8, 8], images) });
      await session.close();
      const outputs = labels.length / 20;
      const wanted = new Array<number>(outputs).fill(0);
      floatsOf(y).forEach(
        (value, at) => (wanted[at % outputs] += byHand[kind](value, labels[at], labels.length)),
      );
      expect(distance(found, wanted)).toBeLessThan(1e-4);
    } finally {
      data.close();
    }
  });
});
