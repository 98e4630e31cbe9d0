/**
 * Times data from a folder of JPEGs: the first packing, the next start, and training from the cache against training from
 * the same images packed by `packImages`:
 *
 *     npm run bench:data -- [--images 10000] [--trained 2000] [--rounds 3]
 *
 * Photos of random shapes, 200x150 pixels, ten classes; the network, which trains on the first of them, is the digits ResNet-20. Both forms train in turns, and
 * what is compared is the median of the rounds.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import sharp from 'sharp';

import { trainModel } from '../../engine/api/train-model';
import { classFolders } from '../../engine/data/images/labelled-files';
import { packImages } from '../../engine/data/images/pack-images';
import { Random } from '../../engine/data/random';
import { packData } from '../../engine/data/sources/pack-data';
import { root } from '../docs';
import { median } from '../training/rounds';

const { values: options } = parseArgs({
  options: {
    images: { type: 'string', default: '10000' },
    trained: { type: 'string', default: '2000' },
    rounds: { type: 'string', default: '3' },
  },
});
const [images, trained, rounds] = [options.images, options.trained, options.rounds].map(Number);
const classes = 10;

/** Writes JPEGs of a few random rectangles, in a folder per class. */
async function writePhotos(folder: string): Promise<void> {
  const random = new Random(1);
  const [width, height] = [200, 150];
  for (let label = 0; label < classes; label++)
    mkdirSync(join(folder, `class-${label}`), { recursive: true });
  for (let at = 0; at < images; at++) {
    const shapes = Array.from({ length: 6 }, () => {
      const [x, y, w, h] = [width, height, width, height].map((most) => random.below(most));
      return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="#${random
        .below(2 ** 24)
        .toString(16)
        .padStart(6, '0')}"/>`;
    });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes.join('')}</svg>`;
    await sharp(Buffer.from(svg))
      .jpeg()
      .toFile(join(folder, `class-${at % classes}`, `${at}.jpg`));
  }
}

async function timed<T>(work: () => Promise<T>): Promise<readonly [result: T, seconds: number]> {
  const start = performance.now();
  const result = await work();
  return [result, (performance.now() - start) / 1000];
}

async function main(): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'slimflow-bench-'));
  process.env.SLIMFLOW_CACHE = join(place, 'cache');
  try {
    const photos = join(place, 'photos');
    await writePhotos(photos);
    const folder = {
      images: photos,
      transform: { resize: 28, crop: 28, channels: 'gray' },
      normalize: { scale: 1 / 255 },
    } as const;
    const perSecond = (seconds: number) =>
      `${seconds.toFixed(2)} s, ${(images / seconds).toFixed(0)} images/s`;
    const [first, packing] = await timed(() => packData({ train: folder }));
    console.log(`first packing of ${images} JPEGs: ${perSecond(packing)}`);
    const [, again] = await timed(() => packData({ train: folder }));
    console.log(`next start: ${perSecond(again)}`);
    const packed = { images: join(place, 'x.npy'), labels: join(place, 'y.npy') };
    await packImages(classFolders(photos).files, packed, { resize: 28, size: 28, channels: 'gray' });
    const same = readFileSync(first.train.images).equals(readFileSync(packed.images));
    console.log(`the cache has the bytes that pack writes: ${same}`);
    const train = async (data: Parameters<typeof trainModel>[0]['data']['train']) => {
      const settings = { epochs: 1, batch: 64, learningRate: 0.001 };
      const model = join(root, 'examples', 'digits', 'resnet20-digits.onnx');
      return (
        await timed(() =>
          trainModel({
            model,
            out: join(place, 'out.onnx'),
            data: { train: { ...data, range: [0, Math.min(images, trained)] } },
            settings,
          }),
        )
      )[1];
    };
    const seconds = { folder: [] as number[], packed: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      seconds.packed.push(await train({ ...packed, normalize: folder.normalize }));
      seconds.folder.push(await train(folder));
    }
    const [fromFolder, fromPacked] = [median(seconds.folder), median(seconds.packed)];
    console.log(
      `an epoch of ${Math.min(images, trained)}: ${fromFolder.toFixed(2)} s from the folder, ${fromPacked.toFixed(2)} s packed: ${(fromPacked / fromFolder).toFixed(2)} of its speed`,
    );
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

void main();
