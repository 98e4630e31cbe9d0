import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import fc from 'fast-check';

import { classFolders } from '../../../../engine/data/images/labelled-files';
import { packImages } from '../../../../engine/data/images/pack-images';
import { packData } from '../../../../engine/data/sources/pack-data';
import type { UserData } from '../../../../engine/data/sources/user-data';
import { inFolder, temporaryFolder } from '../../../support/folder';
import { cacheIn, imageFolders } from '../../../support/image-folders';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
const photos = join(folder, 'photos');
let paths: string[];
beforeAll(async () => {
  paths = await imageFolders(photos, ['ape', 'bee', 'cat'], 4, (at) => [8 + at, 16 - at]);
});

const packed = async (data: UserData) => (await packData({ evaluate: data })).evaluate;
const bytes = ({ images, labels }: { images: string; labels?: string }) => [
  readFileSync(images),
  labels === undefined ? undefined : readFileSync(labels),
];

it('a folder, and a list of its files, are packed to the bytes that `pack` makes of them', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 4, max: 20 }).chain((resize) =>
        fc.record({
          resize: fc.constant(resize),
          crop: fc.integer({ min: 1, max: resize }),
          channels: fc.constantFrom('rgb' as const, 'gray' as const),
        }),
      ),
      (transform) =>
        inFolder(async (place) => {
          const to = { images: join(place, 'x.npy'), labels: join(place, 'y.npy') };
          const { files, classes } = classFolders(photos);
          await packImages(files, to, { ...transform, size: transform.crop });
          const list = join(place, 'list.csv');
          const lines = files.map(({ path, label }) => `${relative(place, path)},${classes![label!]}`);
          writeFileSync(list, ['file,label', ...lines].join('\n'));
          expect(bytes(await packed({ images: photos, transform }))).toEqual(bytes(to));
          expect(bytes(await packed({ images: list, transform }))).toEqual(bytes(to));
        }),
    ),
    { numRuns: 8 },
  ));

it('a list says which images of a folder are taken, and their labels', () =>
  inFolder(async (place) => {
    const list = join(place, 'labels.csv');
    writeFileSync(list, 'bee/1.png,7\nape/0.jpg,3\n');
    const transform = { resize: [4, 6] } as const;
    const { images, labels } = await packed({ images: photos, labels: list, transform });
    const one = await packed({ images: [join(photos, 'bee', '1.png'), paths[0]], transform });
    expect(readFileSync(images)).toEqual(readFileSync(one.images));
    expect(one.labels).toBeUndefined();
    expect(readFileSync(labels!).subarray(-8)).toEqual(Buffer.from(Int32Array.of(7, 3).buffer));
    const flat = await packed({ images: join(photos, 'bee'), transform });
    expect(flat.labels).toBeUndefined();
  }));

it('what a split says besides stays: range, normalize, and labels of its own', async () => {
  const kept = { range: [0, 2], normalize: { scale: 0.5 }, labels: join(folder, 'own.npy') } as const;
  const { images: _images, ...rest } = await packed({
    images: photos,
    transform: { resize: 8, crop: 8 },
    ...kept,
  });
  expect(rest).toEqual(kept);
});

describe('is refused:', () => {
  const refused = (data: UserData) => expect(packed(data)).rejects;

  it('images of several sizes without a transform, with the fix', () =>
    refused({ images: photos }).toThrow(
      /image .*ape.1\.png has shape \[3, 15, 9\], but .*ape.0\.jpg has \[3, 16, 8\].*set transform, such as/,
    ));

  it('a crop larger than an image', () =>
    refused({ images: photos, transform: { crop: 12 } }).toThrow(
      /image .*0\.jpg is 8x16 pixels, smaller than the crop of 12x12: set transform\.resize/,
    ));

  it('a list of other images, with the names of those that are missing', () =>
    inFolder(async (place) => {
      const list = join(place, 'other.csv');
      writeFileSync(list, 'ape/0.jpg,1\nape/9.jpg,0\nyak/1.png,1\n');
      await refused({ images: photos, labels: list }).toThrow(
        /other\.csv lists 2 of 3 images that .*photos does not have: ape.9\.jpg, yak.1\.png\. Are these the labels of other images\?/,
      );
    }));

  it('an image that is damaged, by its name, and nothing is kept of it', () =>
    inFolder(async (place) => {
      writeFileSync(join(place, 'bad.png'), readFileSync(paths[1]).subarray(0, 60));
      await refused({ images: place }).toThrow(/image .*bad\.png can't be decoded/);
      await refused({ images: place }).toThrow(/image .*bad\.png can't be decoded/);
    }));

  it('a folder without images, and files of no kind', () =>
    inFolder(async (place) => {
      writeFileSync(join(place, 'notes.txt'), '');
      await refused({ images: place }).toThrow(/has no images \(\.jpg, /);
      await refused({ images: [join(place, 'notes.txt'), photos] }).toThrow(/not files of one kind/);
      await refused({ images: join(place, '*.png') }).toThrow(/no file matches .*\*\.png/);
    }));

  it('splits whose folders number the classes differently', () =>
    inFolder(async (place) => {
      await imageFolders(place, ['ape', 'cat'], 1);
      const transform = { resize: 8, crop: 8 };
      const splits = { train: { images: photos, transform }, evaluate: { images: place, transform } };
      await expect(packData(splits)).rejects.toThrow(
        /data\.evaluate and data\.train have different classes \(train has bee, which evaluate has not\).*set classes/,
      );
      const { evaluate } = await packData({
        ...splits,
        evaluate: { ...splits.evaluate, classes: photos },
      });
      expect(readFileSync(evaluate.labels!).subarray(-8)).toEqual(Buffer.from(Int32Array.of(0, 2).buffer));
    }));

  it('a setting that the kind has no use for', async () => {
    await refused({ images: photos, layout: 'NHWC' }).toThrow(
      /data\.evaluate\.layout: a folder of images has no/,
    );
    mkdirSync(join(folder, 'some'), { recursive: true });
    await refused({ images: paths, labels: 'labels.csv' }).toThrow(
      /data\.evaluate\.labels: with image files/,
    );
  });
});
