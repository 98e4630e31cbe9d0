import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { writeNpy } from '../../engine/data/npy';
import { trainModel } from '../../engine/api/train-model';
import type { TrainReport } from '../../engine/api/train-report';
import { floats, type Tensor } from '../../engine/tensor/tensor';
import { Result } from '../../run-spec/result-schema';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { type TargetKind, targetsJob } from '../support/targets';

/** Trains the model of a job from new weights, into the place of what the job compresses. */
const trained = (folder: string, ...more: string[]) =>
  slimflow(folder, [
    ...'train model.onnx --data job.json --from-scratch --epochs 15 --learning-rate 0.02 --out trained.onnx'.split(
      ' ',
    ),
    ...more,
  ]);

const resultIn = (folder: string) =>
  Result.parse(JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')));

describe('labels that are no classes', () => {
  const byLayer = {
    techniques: ['channel-pruning'],
    pruning: { importance: 'taylor' },
    fineTune: { epochs: 1, batch: 20, perLayer: { epochs: 0.5 }, keepBest: true },
  };
  it.each<[TargetKind, string, number, object]>([
    ['numbers', 'mean-squared-error', 50, byLayer],
    ['yes or no', 'binary-cross-entropy', 70, {}],
  ])('%s: trained from scratch by %s, then compressed by the guidebook', (kind, loss, atLeast, changes) =>
    inFolder(async (folder) => {
      const job = targetsJob(folder, kind, { ...changes, model: 'trained.onnx' });
      const { out, err, status } = await trained(folder, '--json');
      expect([err, status]).toEqual(['', 0]);
      const report = JSON.parse(out) as TrainReport;
      expect(report.settings.loss).toBe(loss);
      expect(report.evaluation!.after).toBeGreaterThan(atLeast);
      expect(report.test).toBeGreaterThan(atLeast);
      expect(Object.keys(report.errors ?? {})).toEqual(kind === 'numbers' ? ['after', 'test'] : []);

      const run = await slimflow(folder, ['run', job]);
      expect([run.err, run.status]).toEqual(['', 0]);
      const { outcome, original, final, failed } = resultIn(folder);
      expect([outcome, failed]).toEqual(['selected', []]);
      expect(original.metric).toBeCloseTo(report.evaluation!.after, 9);
      expect(original.test).toBeCloseTo(report.test!, 9);
      expect(final!.macRatio).toBeLessThanOrEqual(0.52);
      expect(final!.drop).toBeCloseTo(original.metric - final!.metric, 5);
    }),
  );

  it('maps of numbers move with flipped and cropped images, in threads', () =>
    inFolder(async (folder) => {
      targetsJob(folder, 'maps');
      const { out, err, status } = await trained(folder, '--augment', 'flip,crop:1:reflect', '--keep-best');
      expect(err).toMatch(/epoch 15\/15 · rmse-score \d/);
      expect(status).toBe(0);
      const points = (name: string) => Number(new RegExp(`^${name} +([0-9.]+)$`, 'm').exec(out)![1]);
      // If labels did not move, slopes to the right could not be learned: half of the variance, a score of 29.
      expect(points('evaluation')).toBeGreaterThan(45);
      expect(points('test')).toBeGreaterThan(45);
      expect(out).toMatch(/^mean absolute error {2}0\.\d+, test 0\.\d+$/m);
      expect(out).toMatch(/^root mean squared error {2}0\.\d+, test 0\.\d+$/m);
    }));

  it('is learnt from a teacher score by score, without labels', () =>
    inFolder(async (folder) => {
      targetsJob(folder, 'numbers');
      const report = await trainModel({
        model: join(folder, 'model.onnx'),
        teacher: join(folder, 'model.onnx'),
        metric: 'r2',
        out: join(folder, 'out.onnx'),
        data: { train: { images: join(folder, 'images.npy') } },
        fromScratch: true,
        settings: { epochs: 3, batch: 50, learningRate: 0.01 },
        threads: 1,
      });
      expect(report.settings).toMatchObject({ loss: 'mean-squared-error', distillation: { logits: 'mse' } });
      expect(report.epochs[2].loss).toBeLessThan(report.epochs[0].loss);
    }));
});

const numbersOf = (dims: number[], change: (data: Float32Array) => void): Tensor => {
  const tensor = floats(dims);
  tensor.data.forEach((_, at) => (tensor.data[at] = at % 7));
  change(tensor.data);
  return tensor;
};
describe('bad labels', () => {
  it('slimflow run says so before anything begins', () =>
    inFolder(async (folder) => {
      const job = targetsJob(folder, 'numbers');
      writeNpy(
        join(folder, 'labels.npy'),
        numbersOf([300, 2], (data) => (data[421] = NaN)),
      );
      const before = readdirSync(folder);
      const { status, out, err } = await slimflow(folder, ['run', job]);
      expect(err.trim()).toMatch(
        /^label NaN at row 210 of .*labels\.npy is not a finite 32-bit number: save a number/,
      );
      expect({ status, out }).toEqual({ status: 2, out: '' });
      expect(readdirSync(folder)).toEqual(before);
    }));

  it('slimflow train says so too, and of numbers that flips make false', () =>
    inFolder(async (folder) => {
      targetsJob(folder, 'numbers');
      const flipped = await trained(folder, '--augment', 'flip');
      expect(flipped.err).toMatch(
        /augmentation flip moves what an image shows, but not the labels of .*labels\.npy \(shape \[2\].* set fixedLabels/,
      );
      const padded = await trained(folder, '--loss', 'cross-entropy');
      expect(padded.err).toMatch(/fine-tuning setting loss reads labels as class numbers/);
      writeNpy(
        join(folder, 'labels.npy'),
        numbersOf([300, 2], (data) => (data[9] = Infinity)),
      );
      const infinite = await trained(folder);
      expect(infinite.err).toMatch(/label Infinity at row 4 of .*labels\.npy is not a finite 32-bit number/);
      expect([flipped.status, padded.status, infinite.status]).toEqual([2, 2, 2]);
      expect(existsSync(join(folder, 'trained.onnx'))).toBe(false);
    }));

  it('slimflow train flips where that is said to change no number, and tells of numbers too large', () =>
    inFolder(async (folder) => {
      targetsJob(folder, 'numbers');
      writeNpy(
        join(folder, 'labels.npy'),
        numbersOf([300, 2], (data) => data.forEach((value, at) => (data[at] = 100 * value))),
      );
      const { out, status } = await trained(
        folder,
        '--augment',
        'flip,fixed-labels',
        '--learning-rate',
        '0.0000001',
      );
      expect(status).toBe(0);
      expect(out).toMatch(/note: the labels of .*labels\.npy have a standard deviation of 2\d\d, .* about 1/);
    }));
});
