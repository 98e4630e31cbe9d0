import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Random } from '../../engine/data/random';
import { writeNpy } from '../../engine/data/npy';
import { trainModel, type TrainReport } from '../../engine/jobs/train-model';
import { sha256OfFile } from '../../store/digest';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { randoms } from '../support/graphs';
import { root } from '../support/paths';
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

  it('goes on from the last checkpoint, to the same bits', () =>
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
      const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...command], {
        cwd: folder,
      });
      let said = '';
      child.stderr.on('data', (text) => {
        said += String(text);
        if (/^training \d+\/\d+ · epoch 1\b/m.test(said) && !child.killed) child.kill('SIGINT');
      });
      const status = await new Promise((resolve) => child.on('close', resolve));
      expect([status, said]).toEqual([
        130,
        expect.stringMatching(/step-\d+\.safetensors holds .* the same command/),
      ]);
      expect(existsSync(join(folder, 'out.onnx'))).toBe(false);
      expect(readdirSync(join(folder, 'out.onnx.checkpoints')).length).toBeGreaterThan(0);
    }));
});

const nothing = () => undefined;
/** [what, options, what is done to the folder, the message] */
const refused: [string, string[], (folder: string) => void, RegExp][] = [
  ['no such model', [], (folder) => writeFileSync(join(folder, 'model.onnx'), 'x'), /is no ONNX/],
  ['no epochs', ['--epochs', '0'], nothing, /whole number, 1 or more/],
  ['a negative rate', ['--learning-rate', '-1'], nothing, /learningRate is -1; it must be a positive number/],
  ['a rate that is none', ['--learning-rate', 'fast'], nothing, /must be a number/],
  [
    'an unknown variation',
    ['--augment', 'rotate'],
    nothing,
    /list of flip, crop, brightness, contrast, cutout/,
  ],
  ['a crop by nothing', ['--augment', 'crop'], nothing, /crop needs a number, as in crop:4/],
  ['a crop too far', ['--augment', 'crop:9:reflect'], nothing, /crop is 9; mirrored edges/],
  ['a curve of another kind', ['--curve', 'curve.png'], nothing, /must end in \.json or \.csv/],
  ['a folder to write to', ['--out', '.'], nothing, /is a folder/],
  [
    'labels that are no class',
    [],
    (folder) =>
      writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [300], data: new Int32Array(300).fill(9) }),
    /label 9/,
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
      expect(err).not.toMatch(/\n\s+at /);
      expect(status).toBe(2);
      expect(readdirSync(folder)).toEqual(before);
    }),
  );
});
