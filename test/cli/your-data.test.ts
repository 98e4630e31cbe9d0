import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { writeNpy } from '../../engine/data/npy';
import { saveModel } from '../../engine/onnx/model';
import { loadTraining } from '../../run-spec/load';
import { expectStatus, slimflow } from '../support/cli';
import { writeIdx, writeNpz, writeTar } from '../support/data-files';
import { temporaryFolder } from '../support/folder';
import { cacheIn, imageFolders } from '../support/image-folders';
import { inParquetProcess } from '../support/parquet';
import { root } from '../support/paths';
import { tinyNetwork } from '../support/tiny';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));

/** Makes the files that docs/your-data.md names. */
beforeAll(async () => {
  const photos = join(folder, 'photos');
  for (const split of ['train', 'val']) await imageFolders(join(photos, split), ['cat', 'dog'], 4);
  mkdirSync(join(photos, 'flat'));
  const [train, val] = ['train', 'val'].map((split) =>
    ['cat', 'dog'].flatMap((name) =>
      readdirSync(join(photos, split, name)).map((file) => {
        const flat = `${split}-${name}-${file}`;
        cpSync(join(photos, split, name, file), join(photos, 'flat', flat));
        return `${flat},${name}`;
      }),
    ),
  );
  writeFileSync(join(folder, 'train.csv'), `file,label\n${train.join('\n')}`);
  writeFileSync(join(folder, 'val.csv'), val.join('\n'));
  const x = { type: 'uint8', dims: [3, 8, 8], data: new Uint8Array(192) } as const;
  const y = { type: 'uint8', dims: [3], data: Uint8Array.of(0, 1, 2) } as const;
  writeNpz(join(folder, 'mnist.npz'), { x_train: x, y_train: y, x_test: x, y_test: y });
  mkdirSync(join(folder, 'mnist'));
  writeIdx(join(folder, 'mnist', 't10k-images-idx3-ubyte.gz'), x.dims, x.data);
  writeIdx(join(folder, 'mnist', 't10k-labels-idx1-ubyte.gz'), y.dims, y.data);
  const some = readdirSync(join(photos, 'flat')).sort();
  mkdirSync(join(folder, 'beans'));
  inParquetProcess({
    files: [0, 1].map((shard) => ({
      path: join(folder, 'beans', `train-0000${shard}-of-00002.parquet`),
      images: some.slice(0, 3).map((name) => join(photos, 'flat', name)),
      labels: [0, 1, 2],
      struct: true,
      names: ['angular_leaf_spot', 'bean_rust', 'healthy'],
    })),
    pack: [],
  });
  mkdirSync(join(folder, 'shards'));
  for (const shard of ['0000', '0001'])
    await writeTar(join(folder, 'shards', `val-${shard}.tar`), {
      'a.jpg': readFileSync(join(photos, 'train', 'cat', '0.jpg')),
      'a.cls': 'bean_rust',
    });
  writeNpy(join(folder, 'labels.npy'), { type: 'int32', dims: [8], data: new Int32Array(8) });
});

const page = readFileSync(join(root, 'docs', 'your-data.md'), 'utf8');
const examples = [...page.matchAll(/^```yaml\n(data:\n[^`]*)^```$/gm)].map(([, text]) => text);

const [[, generator]] = page.matchAll(/^```js\n\/\/ data\.mjs\n([^]*?)^```$/gm);
beforeAll(() => writeFileSync(join(folder, 'data.mjs'), generator));

it('the page has examples', () => expect(examples.length).toBeGreaterThan(2));

it.each(examples)('docs/your-data.md: %s', (text) => {
  writeFileSync(join(folder, 'job.yaml'), text);
  const { data } = loadTraining(join(folder, 'job.yaml'));
  const [{ error, ...splits }] = inParquetProcess({ files: [], pack: [{ ...data }] });
  expect(error).toBeUndefined();
  expect(Object.keys(splits)).toEqual(Object.keys(data));
  for (const { labels } of Object.values(splits)) expect(labels).toBeDefined();
});

it('train and compress take folders of images as they are, and pack them once', async () => {
  saveModel(tinyNetwork(), join(folder, 'model.onnx'));
  const transform = '{ resize: 8, crop: 8, channels: gray }';
  writeFileSync(
    join(folder, 'job.yaml'),
    `data:\n  train: { images: photos/train, transform: ${transform} }\n  evaluate: { images: photos/val, transform: ${transform} }\n`,
  );
  const run = (...args: string[]) => slimflow(folder, [...args, '--data', 'job.yaml']);
  const trained = await run('train', 'model.onnx', '--epochs', '1', '--out', 'tuned.onnx');
  expectStatus(trained, 0);
  expect(trained.err).toMatch(/^pack train 8\/8 · .*\npack evaluate 8\/8/);
  const looked = await slimflow(folder, [
    'data',
    'job.yaml',
    '--model',
    'tuned.onnx',
    '--picture',
    'ten.png',
  ]);
  expectStatus(looked, 0);
  expect(looked.out).toMatch(/ train .* 8 .* 1x8x8 .* \d+ to \d+ .* 0 to 1 \(2 different\)/);
  expect(looked.out).toMatch(
    /labels of evaluate: 0: 4, 1: 4\n8 samples of evaluate in ten\.png: rows 0 \(label 0\), 1/,
  );
  expect(looked.out).toMatch(/top1 of the model: \d+\.\d\d on 8 of 8 samples of evaluate/);
  expect(await sharp(join(folder, 'ten.png')).metadata()).toMatchObject({ width: 800, height: 364 });
  const half = ['--technique', 'spatial-svd', '--target', '0.6', '--out', 'small.onnx'];
  const compressed = await run('compress', 'tuned.onnx', ...half);
  expectStatus(compressed, 0);
  expect(compressed.err).not.toContain('pack');
});
