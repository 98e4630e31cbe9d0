import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Random } from '../../engine/data/random';
import { writeNpy } from '../../engine/data/npy';
import { trainModel } from '../../engine/api/train-model';
import type { TrainReport } from '../../engine/api/train-report';
import { sha256OfFile } from '../../store/digest';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { saveModel } from '../../engine/onnx/model';
import { modelOf, randoms } from '../support/graphs';
import { hugeModel } from '../support/huge';
import { tinyJob } from '../support/tiny';

const args = (...more: string[]) => [
  'train',
  'model.onnx',
  '--data',
  'job.json',
  '--out',
  'out.onnx',
  ...more,
];

/** The tiny job with images that can be told apart: the class is the brightness. */
function separableJob(folder: string, changes: object = {}): void {
  tinyJob(folder, changes);
  const random = new Random(1);
  const labels = Int32Array.from({ length: 300 }, () => random.below(4));
  const images = randoms([300, 1, 8, 8], 2);
  images.data.forEach((value, at) => (images.data[at] = 0.3 * value + labels[Math.floor(at / 64)]));
  writeNpy(join(folder, 'images.npy'), images);
  writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [300], data: labels });
}

/**
 * Writes a network with one score per class and pixel, and images whose bright pixels are class 1, with 255 for unknown
 * pixels.
 */
function segmentationJob(folder: string): void {
  const random = new Random(3);
  const images = randoms([60, 1, 8, 8], 4);
  const labels = Int32Array.from(images.data, (value) => (random.below(10) ? Number(value > 0) : 255));
  writeNpy(join(folder, 'images.npy'), images);
  writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [60, 8, 8], data: labels });
  const conv = (name: string, input: string) => ({
    op: 'Conv',
    name,
    inputs: [input, `${name}.weight`],
    outputs: [name],
  });
  const graph = modelOf(
    ['x', ['batch', 1, 8, 8]],
    [conv('c1', 'x'), { op: 'Relu', inputs: ['c1'], outputs: ['r1'] }, conv('y', 'r1')],
    ['y', ['batch', 2, 8, 8]],
    { 'c1.weight': randoms([8, 1, 1, 1], 5), 'y.weight': randoms([2, 8, 1, 1], 6) },
  );
  saveModel(graph, join(folder, 'model.onnx'));
  const split = { images: 'images.npy', labels: 'labels.npy' };
  const data = { train: { ...split, range: [0, 40] }, evaluate: { ...split, range: [40, 60] } };
  const fineTune = { ignoreLabel: 255, schedule: 'cosine', augment: { crop: 2 } };
  writeFileSync(join(folder, 'job.json'), JSON.stringify({ data, metric: 'mean-iou', fineTune }));
}

describe('slimflow train', () => {
  it('learns from scratch, judges each epoch and writes the curve', () =>
    inFolder(async (folder) => {
      separableJob(folder, { fineTune: { epochs: 1, batch: 20, learningRate: 0.02 } });
      const command = args(
        '--from-scratch',
        '--epochs',
        '12',
        '--keep-best',
        '--augment',
        'flip,crop:1:reflect',
      );
      const { out, err, status } = await slimflow(folder, [...command, '--curve', 'curve.csv', '--json']);
      expect([err, status]).toEqual(['', 0]);
      const report = JSON.parse(out) as TrainReport;
      const { epochs, settings, evaluation, test } = report;
      expect(settings).toMatchObject({ epochs: 12, batch: 20, learningRate: 0.02, momentum: 0.9 });
      expect(settings.augment).toEqual({ flip: true, crop: 1, fill: 'reflect' });
      expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 12 }, (_, at) => at + 1));
      expect(epochs[11].loss).toBeLessThan(epochs[0].loss / 2);
      expect(evaluation).toEqual({ before: null, after: report.best!.value });
      expect(test).toBeGreaterThan(60); // of four classes
      const rows = readFileSync(join(folder, 'curve.csv'), 'utf8').trim().split('\n');
      expect(rows).toHaveLength(1 + report.steps);
      expect(rows[0]).toBe('step,epoch,loss,learning_rate,top1');
      expect(rows[120]).toMatch(new RegExp(`^120,12,.*,${epochs[11].metric}$`));
      expect(readdirSync(folder).sort()).toEqual([
        'curve.csv',
        'images.npy',
        'job.json',
        'labels.npy',
        'model.onnx',
        'out.onnx',
      ]);
    }));

  it('learns without labels from a teacher, and leaves a folder of checkpoints empty', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const data = { train: { images: 'images.npy' } };
      writeFileSync(join(folder, 'job.json'), JSON.stringify({ data, fineTune: { batch: 50 } }));
      const command = args(
        ...(
          '--from-scratch --teacher model.onnx --distill-logits mse --optimizer adamw --schedule cosine --warm-up 0.1 ' +
          '--decay all --ema 0.9 --clip 10 --epochs 4 --learning-rate 0.01 --checkpoints kept --curve curve.json --json'
        ).split(' '),
      );
      const { out, err, status } = await slimflow(folder, command);
      expect([err, status]).toEqual(['', 0]);
      const { settings, epochs, steps } = JSON.parse(out) as TrainReport;
      expect(settings).toMatchObject({
        distillation: { logits: 'mse' },
        optimizer: 'adamw',
        schedule: 'cosine',
        warmUp: 0.1,
        decay: 'all',
        ema: 0.9,
        clip: 10,
        epochs: 4,
        batch: 50,
      });
      expect(epochs[3].loss).toBeLessThan(epochs[0].loss);
      const curve = JSON.parse(readFileSync(join(folder, 'curve.json'), 'utf8')) as {
        epochs: TrainReport['epochs'];
        steps: TrainReport['curve'];
      };
      expect(curve.epochs).toEqual(epochs);
      expect(curve.steps.losses).toHaveLength(steps);
      expect(curve.steps.learningRates[0]).toBeLessThan(0.01); // it warms up

      // Others settings in the same folder are another training, which nothing keeps from beginning.
      expect(readdirSync(join(folder, 'kept'))).toEqual([]);
      const other = await slimflow(folder, [...command, '--epochs', '1']);
      expect([other.err, other.status]).toEqual(['', 0]);
    }));

  it('learns a map from a teacher, without labels and without a metric that reads maps', () =>
    inFolder(async (folder) => {
      segmentationJob(folder);
      const images = 'images.npy';
      for (const train of [{ images }, { images, labels: 'labels.npy' }]) {
        writeFileSync(join(folder, 'job.json'), JSON.stringify({ data: { train } }));
        const taught = args('--teacher', 'model.onnx', '--from-scratch', '--epochs', '6', '--json');
        const { out, err, status } = await slimflow(folder, [...taught, '--batch', '10']);
        expect([err, status]).toEqual(['', 0]);
        const { epochs, evaluation } = JSON.parse(out) as TrainReport;
        expect(epochs[5].loss).toBeLessThan(epochs[0].loss);
        expect(evaluation).toBeNull();
      }
    }));

  it('learns one class per pixel, without those that have no class, padded ones too', () =>
    inFolder(async (folder) => {
      segmentationJob(folder);
      const command = args('--epochs', '8', '--learning-rate', '0.1', '--batch', '10', '--json');
      const { out, err, status } = await slimflow(folder, command);
      expect([err, status]).toEqual(['', 0]);
      const { evaluation, metric } = JSON.parse(out) as TrainReport;
      expect(metric).toBe('mean-iou');
      expect(evaluation!.after).toBeGreaterThan(80); // of pixels that can be told apart by their sign
    }));

  it('resumes at the last checkpoint, to the same bits', () =>
    inFolder(async (folder) => {
      const job = tinyJob(folder);
      const { data } = JSON.parse(readFileSync(job, 'utf8')) as {
        data: { train: { range: [number, number] } };
      };
      const [images, labels] = ['images.npy', 'labels.npy'].map((name) => join(folder, name));
      const options = {
        model: join(folder, 'model.onnx'),
        data: { train: { images, labels, range: data.train.range } },
        settings: { epochs: 2, batch: 20, learningRate: 1e-5, augment: { flip: true } },
        checkpoints: { folder: join(folder, 'checkpoints'), seconds: 0 },
        threads: 1,
      };
      const [whole, again] = ['whole.onnx', 'again.onnx'].map((name) => join(folder, name));
      const first = await trainModel({ ...options, out: whole });
      const second = await trainModel({ ...options, out: again });
      expect([first.resumedAt, second.resumedAt > 0]).toEqual([0, true]);
      expect(second).toEqual({ ...first, resumedAt: second.resumedAt });
      expect(await sha256OfFile(again)).toBe(await sha256OfFile(whole));
    }));

  it('refuses settings before anything long begins', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      const { err, status } = await slimflow(folder, args('--seed', '1.5'));
      expect(err).toBe('fine-tuning setting seed is 1.5; it must be a whole number\n');
      expect(status).toBe(2);
    }));

  it('stops at Ctrl-C with a checkpoint, and says how to go on', () =>
    inFolder(async (folder) => {
      tinyJob(folder);
      // More epochs than could be done before the signal.
      const command = args('--epochs', '1000000', '--learning-rate', '0.00001', '--schedule', 'constant');
      const { status, err } = await slimflow(folder, command, (_, child, said) => {
        if (/^training \d+\/\d+ · epoch 1\b/m.test(said) && !child.killed) child.kill('SIGINT');
      });
      expect([status, err]).toEqual([
        130,
        expect.stringMatching(/Repeat the command to continue from the checkpoint \S+step-\d+\.safetensors/),
      ]);
      expect(existsSync(join(folder, 'out.onnx'))).toBe(false);
      expect(readdirSync(join(folder, 'out.onnx.checkpoints')).length).toBeGreaterThan(0);
    }));
});

const nothing = () => undefined;
/** [what, options, what is done to the folder, the message] */
const refused: [string, string[], (folder: string) => void, RegExp][] = [
  ['no such model', [], (folder) => writeFileSync(join(folder, 'model.onnx'), 'x'), /is not an ONNX/],
  [
    'a model of 2 GB and over',
    [],
    (folder) => hugeModel(join(folder, 'model.onnx')),
    /model model\.onnx has 24\d+ bytes of weights, and training takes models below 2 GB/,
  ],
  ['no epochs', ['--epochs', '0'], nothing, /whole number, 1 or more/],
  ['a negative rate', ['--learning-rate', '-1'], nothing, /learningRate is -1; it must be a positive number/],
  ['a rate that is none', ['--learning-rate', 'fast'], nothing, /Must be a number/],
  [
    'an unknown variation',
    ['--augment', 'rotate'],
    nothing,
    /list of flip, crop, brightness, contrast, cutout/,
  ],
  ['a crop by nothing', ['--augment', 'crop'], nothing, /crop needs a number, such as crop:4/],
  ['a crop too far', ['--augment', 'crop:9:reflect'], nothing, /crop is 9; mirrored padding must be smaller/],
  ['a teacher to learn from that is not there', ['--distill-weight', '0.5'], nothing, /needs a teacher/],
  [
    'settings that do not go together',
    ['--nesterov', '--optimizer', 'adamw'],
    nothing,
    /nesterov only applies to/,
  ],
  ['a curve of another kind', ['--curve', 'curve.png'], nothing, /must end in \.json or \.csv/],
  ['a folder to write to', ['--out', '.'], nothing, /is a folder/],
  [
    'labels that are not a class',
    [],
    (folder) =>
      writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [300], data: new Int32Array(300).fill(9) }),
    /label 9/,
  ],
  [
    'a split to judge by that has no labels',
    ['--teacher', 'model.onnx'],
    (folder) => {
      const data = { train: { images: 'images.npy' }, evaluate: { images: 'images.npy' } };
      writeFileSync(join(folder, 'job.json'), JSON.stringify({ data }));
    },
    /data\.evaluate\.labels is missing: top1 needs it; leave data\.evaluate out/,
  ],
  [
    'a spec with an unknown setting',
    [],
    (folder) => void tinyJob(folder, { fineTune: { speed: 1 } }),
    /^spec job\.json: unknown key fineTune\.speed/m,
  ],
];

describe('slimflow train, of what can not be', () => {
  it.each(refused)('%s: status 2, a sentence, nothing left', (_, options, prepare, message) =>
    inFolder(async (folder) => {
      tinyJob(folder);
      prepare(folder);
      const before = readdirSync(folder);
      const { err, status } = await slimflow(folder, [...args(...options), '--json']);
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at .+:\d+:\d+/);
      expect(status).toBe(2);
      expect(readdirSync(folder)).toEqual(before);
    }),
  );
});
