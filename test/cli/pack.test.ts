import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';
import { parse } from 'yaml';

import { Dataset } from '../../engine/data/dataset';
import type { DatasetSource } from '../../engine/data/source';
import { Random } from '../../engine/data/random';
import { saveModel } from '../../engine/onnx/model';
import type { PackSummary } from '../../report/packing';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { golden, root } from '../support/paths';
import { tinyNetwork } from '../support/tiny';

/** Makes a folder of two classes, bright and dark squares of 8 x 8 pixels, as PNG and JPEG. */
async function photos(folder: string, each: number): Promise<void> {
  const random = new Random(3);
  for (const [label, name] of ['bright', 'dark'].entries()) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let at = 0; at < each; at++) {
      const pixels = Uint8Array.from({ length: 192 }, () => random.below(120) + (label ? 0 : 130));
      const image = sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } });
      await image.toFile(join(folder, name, `${at}.${at % 2 ? 'png' : 'jpg'}`));
    }
  }
}

/** Returns the part of the output to be pasted into a spec. */
const printedData = (out: string): string => out.slice(out.indexOf('\ndata:') + 1);

const small = ['--channels', 'gray', '--resize', '8', '--size', '8'];

it('folders of images become what train and compress take, by the lines that are printed', () =>
  inFolder(async (folder) => {
    await photos(join(folder, 'photos', 'train'), 12);
    await photos(join(folder, 'photos', 'val'), 6);
    saveModel(tinyNetwork(), join(folder, 'model.onnx'));
    const run = (...args: string[]) => slimflow(folder, args);

    const train = await run('pack', 'photos/train', '--out', 'packed/train', '--split', 'train', ...small);
    expect([train.status, train.err]).toEqual([
      0,
      expect.stringContaining('24 images of 2 classes\npack 24/24'),
    ]);
    expect(train.out).toContain('Packed 24 images [24, 1, 8, 8] into packed/train-images.npy');
    expect(train.out).toContain('2 classes of 12 images in packed/train-classes.txt');
    expect(readFileSync(join(folder, 'packed', 'train-classes.txt'), 'utf8')).toBe('bright\ndark\n');
    const list = ['--classes', 'packed/train-classes.txt', '--limit-per-class', '5'];
    const val = await run('pack', 'photos/val', '--out', 'packed/val', ...list, ...small);
    expect(val.status).toBe(0);

    const spec = `${printedData(train.out)}${printedData(val.out).replace('data:\n', '')}`;
    const { data } = parse(spec) as { data: Record<'train' | 'evaluate', DatasetSource> };
    expect(data.train).toEqual({
      images: 'packed/train-images.npy',
      labels: 'packed/train-labels.npy',
      layout: 'NCHW',
      normalize: { scale: 1 / 255, mean: [0.449], std: [0.226] },
    });
    const { images, labels } = data.evaluate;
    const evaluate = Dataset.open({
      ...data.evaluate,
      images: join(folder, images),
      labels: join(folder, labels!),
    });
    expect([...evaluate.slice(0, evaluate.length).labels]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    // Bright pixels lie from 130 to 249, and dark ones from 0 to 119.
    const [bright, dark] = [0, 9].map((row) => evaluate.slice(row, 1).images.reduce((a, b) => a + b) / 64);
    evaluate.close();
    expect(bright).toBeGreaterThan((130 / 255 - 0.449) / 0.226);
    expect(dark).toBeLessThan((119 / 255 - 0.449) / 0.226);

    writeFileSync(join(folder, 'job.yaml'), spec);
    const trained = await run(
      'train',
      'model.onnx',
      '--data',
      'job.yaml',
      '--epochs',
      '1',
      '--out',
      'tuned.onnx',
    );
    expect([trained.status, trained.out]).toEqual([0, expect.stringContaining('tuned.onnx')]);
    const half = ['--technique', 'spatial-svd', '--target', '0.6', '--out', 'small.onnx', '--json'];
    const compressed = await run('compress', 'tuned.onnx', '--data', 'job.yaml', ...half);
    expect([compressed.status, compressed.err]).toEqual([0, '']);
  }));

it('--json says what was packed, left out and passed by; --csv and --shuffle give the order', () =>
  inFolder(async (folder) => {
    await photos(join(folder, 'photos'), 3);
    writeFileSync(join(folder, 'photos', 'dark', 'bad.png'), 'no image');
    writeFileSync(join(folder, 'photos', 'dark', 'notes.txt'), '');
    const run = (...args: string[]) => slimflow(folder, ['pack', 'photos', '--json', ...small, ...args]);

    const refused = await run('--out', 'all');
    expect([refused.status, refused.out]).toEqual([2, '']);
    expect(refused.err).toMatch(/^image photos\/dark\/bad\.png can't be decoded: .*; --skip-bad skips/);
    expect(readdirSync(folder)).toEqual(['photos']);

    const scale = ['--mean', '0.5', '--std', '0.25'];
    const { out, err, status } = await run('--out', 'all', '--skip-bad', ...scale);
    expect([status, err]).toEqual([0, '']);
    expect(JSON.parse(out)).toEqual({
      images: 'all-images.npy',
      labels: 'all-labels.npy',
      classes: 'all-classes.txt',
      shape: [6, 1, 8, 8],
      perClass: { bright: 3, dark: 3 },
      bad: [{ path: join('photos', 'dark', 'bad.png'), problem: expect.any(String) as string }],
      passedBy: { '.txt': 1 },
      data: {
        evaluate: {
          images: 'all-images.npy',
          labels: 'all-labels.npy',
          layout: 'NCHW',
          normalize: { scale: 1 / 255, mean: [0.5], std: [0.25] },
        },
      },
    } satisfies PackSummary);
    expect(readdirSync(folder).sort()).toEqual([
      'all-classes.txt',
      'all-images.npy',
      'all-labels.npy',
      'photos',
    ]);

    writeFileSync(join(folder, 'some.csv'), 'dark/1.png,night\nbright/0.jpg,day\ndark/0.jpg,night\n');
    const labelsOf = async (...args: string[]) => {
      const listed = await run('--csv', 'some.csv', '--out', 'some', ...args);
      expect([listed.status, listed.err]).toEqual([0, '']);
      const [images, labels] = ['some-images.npy', 'some-labels.npy'].map((name) => join(folder, name));
      const data = Dataset.open({ images, labels });
      const found = [...data.slice(0, data.length).labels];
      data.close();
      return found;
    };
    expect(await labelsOf()).toEqual([1, 0, 1]);
    expect(readFileSync(join(folder, 'some-classes.txt'), 'utf8')).toBe('day\nnight\n');
    expect((await labelsOf('--shuffle', '--seed', '2')).sort()).toEqual([0, 1, 1]);

    const bare = await run('--no-labels', '--skip-bad', '--out', 'bare');
    const { data, labels, classes, perClass, shape } = JSON.parse(bare.out) as PackSummary;
    expect([labels, classes, perClass, data.evaluate.labels, shape[0]]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      6,
    ]);
  }));

it('what can not be packed is refused, and nothing is written', () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'photos'));
    const refused = async (...args: string[]) => {
      const { status, out, err } = await slimflow(folder, ['pack', ...args]);
      expect([status, out]).toEqual([2, '']);
      return err;
    };
    const photos = ['photos', '--out', 'x'];
    expect(await refused(...photos)).toMatch(/photos has no subfolders/);
    expect(await refused(...photos, '--no-labels')).toBe('photos has no images\n');
    expect(await refused('nowhere', '--out', 'x')).toMatch(/^folder nowhere can't be read/);
    expect(await refused(...photos, '--size', '300')).toMatch(
      /^--size 300 is larger than the shorter side, 256 pixels/,
    );
    expect(await refused(...photos, '--std', '0.2')).toMatch(
      /^--std has 1 values, but --channels rgb needs 3/,
    );
    expect(await refused(...photos, '--no-labels', '--limit-per-class', '2')).toMatch(
      /^--no-labels can not be combined/,
    );
    expect(await refused(...photos, '--no-labels', '--csv', 'x.csv')).toContain('cannot be used with');
    expect(await refused('photos', '--out', '/proc/none/x')).toMatch(
      /^--out \/proc\/none\/x is not writable/,
    );
    expect(readdirSync(folder)).toEqual(['photos']);
  }));

it('Ctrl-C leaves nothing behind', () =>
  inFolder(async (folder) => {
    // The same image over and over, which would take minutes.
    const rows = `${golden('engine', 'images', 'same.png')},a\n`.repeat(300_000);
    writeFileSync(join(folder, 'many.csv'), rows);
    let stopped = false;
    const { status, out, err } = await slimflow(
      folder,
      ['pack', '.', '--csv', 'many.csv', '--out', 'many', '--resize', '32', '--size', '28'],
      (_out, child, said) => {
        if (stopped || !said.includes('300000 images')) return;
        stopped = true;
        child.kill('SIGINT');
      },
    );
    expect([status, out]).toEqual([130, '']);
    expect(err).toContain('Stopped; nothing was written.');
    expect(readdirSync(folder)).toEqual(['many.csv']);
  }));

it('nothing else loads the library that decodes', () => {
  const script = `
    require('./dist/engine/index.js');
    require('./dist/cli/pack.js');
    console.log(Object.keys(require.cache).filter((path) => /sharp/.test(path)).join());`;
  const loaded = execFileSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8' });
  expect(loaded).toMatch(/load-sharp\.js$/m);
  expect(loaded).not.toContain('node_modules');
});
