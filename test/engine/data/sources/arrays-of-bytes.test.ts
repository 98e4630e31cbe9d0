import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import sharp from 'sharp';
import { zipSync } from 'fflate';

import { Dataset } from '../../../../engine/data/dataset';
import type { Transform } from '../../../../engine/data/images/transform';
import { writeNpy } from '../../../../engine/data/npy';
import { packData } from '../../../../engine/data/sources/pack-data';
import type { UserData } from '../../../../engine/data/sources/user-data';
import type { Tensor } from '../../../../engine/tensor/tensor';
import { npyBytes, writeCifar, writeIdx, writeNpz } from '../../../support/data-files';
import { inFolder, temporaryFolder } from '../../../support/folder';
import { cacheIn } from '../../../support/image-folders';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));

/** Reads what a model would be fed: shape, pixels and labels. */
async function fed(data: UserData) {
  const { evaluate } = await packData({ evaluate: data });
  const opened = Dataset.open(evaluate);
  const { images, labels } = opened.slice(0, opened.length);
  opened.close();
  // Compared as bytes: numbers one by one are slow.
  return { shape: opened.shape, images: Buffer.from(images.buffer), labels: [...labels] };
}

/** Images [N, C, H, W] of random pixels, and labels below 10. */
const samples = (channels: number, size: fc.Arbitrary<number>) =>
  fc
    .record({ count: fc.integer({ min: 1, max: 4 }), height: size, width: size })
    .chain(({ count, height, width }) =>
      fc.record({
        dims: fc.constant([count, channels, height, width]),
        data: fc.uint8Array({
          minLength: count * channels * height * width,
          maxLength: count * channels * height * width,
        }),
        labels: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: count, maxLength: count }),
      }),
    );

const transforms = (largest: number): fc.Arbitrary<Transform> =>
  fc.oneof(
    fc.constant({}),
    fc.record({ letterbox: fc.integer({ min: 4, max: 12 }) }),
    fc.record({
      resize: fc.constant(largest),
      crop: fc.integer({ min: 1, max: largest }),
      channels: fc.constantFrom('gray' as const, 'bgr' as const),
      channelsLast: fc.boolean(),
    }),
  );

const uint8 = (dims: readonly number[], data: Uint8Array): Tensor => ({ type: 'uint8', dims, data });
const numbers = (labels: readonly number[]): Tensor => ({
  type: 'int32',
  dims: [labels.length],
  data: Int32Array.from(labels),
});
const normalize = { scale: 1 / 255, mean: [0.4], std: [0.3] };

it('grey images: IDX, .npz, .npy and PNGs in a list feed the same bytes to a model', () =>
  fc.assert(
    fc.asyncProperty(
      samples(1, fc.integer({ min: 2, max: 9 })),
      transforms(8),
      fc.boolean(),
      (given, transform, zipped) =>
        inFolder(async (place) => {
          const { dims, data, labels } = given;
          const [count, , height, width] = dims;
          const at = (name: string) => join(place, name);
          writeNpy(at('x.npy'), uint8(dims, data));
          writeNpy(at('y.npy'), numbers(labels));
          const gz = zipped ? '.gz' : '';
          writeIdx(at(`t-images-idx3-ubyte${gz}`), [count, height, width], data);
          writeIdx(at(`t-labels-idx1-ubyte${gz}`), [count], Uint8Array.from(labels));
          writeNpz(at('a.npz'), {
            x_train: uint8([count, height, width], data),
            y_train: uint8([count, 1], Uint8Array.from(labels)),
            other: uint8([1], new Uint8Array(1)),
          });
          const raw = { width, height, channels: 1 } as const;
          for (let row = 0; row < count; row++)
            await sharp(data.subarray(row * height * width, (row + 1) * height * width), { raw })
              .png()
              .toFile(at(`${row}.png`));
          writeFileSync(at('list.csv'), labels.map((label, row) => `${row}.png,${label}`).join('\n'));
          const grey: Transform = { channels: 'gray', ...transform };
          const settings = {
            transform: grey,
            ...(grey.channels === 'gray' && !grey.channelsLast && { normalize }),
          };
          const expected = await fed({ images: at('x.npy'), labels: at('y.npy'), ...settings });
          expect(await fed({ images: at(`t-images-idx3-ubyte${gz}`), ...settings })).toEqual(expected);
          expect(await fed({ images: at('a.npz'), ...settings })).toEqual(expected);
          expect(await fed({ images: at('list.csv'), ...settings })).toEqual(expected);
        }),
    ),
    { numRuns: 10, endOnFailure: true },
  ));

it('colours: CIFAR, .npz and .npy, whatever their layout, feed the same bytes to a model', () =>
  fc.assert(
    fc.asyncProperty(samples(3, fc.constant(32)), transforms(36), (given, transform) =>
      inFolder(async (place) => {
        const { dims, data, labels } = given;
        const [count] = dims;
        const at = (name: string) => join(place, name);
        writeNpy(at('x.npy'), uint8(dims, data));
        writeNpy(at('y.npy'), numbers(labels));
        writeCifar(
          at('ten.bin'),
          labels.map((label) => [label]),
          data,
        );
        writeCifar(
          at('hundred.bin'),
          labels.map((label) => [7, label]),
          data,
        );
        const last = Uint8Array.from(data, (_, i) => {
          const [image, pixel, channel] = [Math.floor(i / 3072), Math.floor(i / 3) % 1024, i % 3];
          return data[3072 * image + 1024 * channel + pixel];
        });
        const shape = [count, 32, 32, 3];
        writeNpz(at('a.npz'), { images: uint8(shape, last), labels: numbers(labels) });
        const expected = await fed({ images: at('x.npy'), labels: at('y.npy'), transform });
        expect(await fed({ images: at('ten.bin'), transform })).toEqual(expected);
        expect(await fed({ images: [at('hundred.bin')], transform })).toEqual(expected);
        const coarse = { columns: { label: 'coarse' } };
        expect((await fed({ images: at('hundred.bin'), ...coarse })).labels).toEqual(labels.map(() => 7));
        expect(await fed({ images: at('a.npz'), layout: 'NHWC', transform })).toEqual(expected);
        expect(await fed({ images: at('a.npz'), layout: 'NHWC' })).toEqual(
          await fed({ images: at('x.npy'), labels: at('y.npy') }),
        );
      }),
    ),
    { numRuns: 5, endOnFailure: true },
  ));

it('an .npz of floats is copied as it is', () =>
  inFolder(async (place) => {
    const path = join(place, 'a.npz');
    const x: Tensor = { type: 'float32', dims: [2, 3], data: Float32Array.of(1, -2, 0.5, 3, 4, 5) };
    writeNpz(path, { first: x, second: { ...x, dims: [2, 3] }, more: numbers([1, 2]) });
    const { images, labels } = await fed({ images: path, arrays: { images: 'first', labels: 'second' } });
    expect([new Float32Array(images.buffer, images.byteOffset, 6), labels]).toEqual([x.data, [...x.data]]);
  }));

describe('is refused:', () => {
  const refused = (data: UserData) => expect(packData({ evaluate: data })).rejects;
  const path = join(folder, 'a.npz');
  const x = uint8([2, 4, 4], new Uint8Array(32));

  it('arrays that have no usual name, or several that have one, with those there are', async () => {
    writeNpz(path, { photos: x });
    await refused({ images: path }).toThrow(
      /no array with a usual name of images: it has photos \(uint8 of \[2, 4, 4\]\); set arrays/,
    );
    writeNpz(path, { x_train: x, x_test: x });
    await refused({ images: path }).toThrow(
      /several arrays that may be the images: it has x_train .*, x_test/,
    );
    await refused({ images: path, arrays: { images: 'x_val' } }).toThrow(
      /has no array x_val; it has x_train/,
    );
  });

  it('a member that is not what its header says, and a file that is not a zip', async () => {
    const bytes = npyBytes(x);
    writeFileSync(path, zipSync({ 'x.npy': bytes.subarray(0, bytes.length - 5) }));
    await refused({ images: path }).toThrow(/a\.npz x\.npy is cut short: it has \d+ of \d+ bytes/);
    writeFileSync(path, 'no zip');
    await refused({ images: path }).toThrow(/a\.npz can't be read: /);
  });

  it('a member that is longer than it declares: a bomb is not unpacked', async () => {
    const zip = Buffer.from(zipSync({ 'x.npy': Buffer.concat([npyBytes(x), Buffer.alloc(1e6)]) }));
    // Sizes are in the central directory (PK 1 2), at 24.
    const central = zip.indexOf('PK\x01\x02', 0, 'latin1');
    zip.writeUInt32LE(npyBytes(x).length, central + 24);
    writeFileSync(path, zip);
    await refused({ images: path }).toThrow(/too many bytes in the stream/);
    expect(readdirSync(join(folder, 'cache', 'data')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('IDX files that are cut short, of another type, or vast', async () => {
    const idx = join(folder, 'some-idx3-ubyte.gz');
    writeIdx(idx, [5, 4, 4], new Uint8Array(70));
    await refused({ images: idx }).toThrow(/idx3-ubyte\.gz is cut short: it ends within image 4/);
    truncateSync(idx, 30);
    await refused({ images: idx }).toThrow(/idx3-ubyte\.gz is cut short/);
    writeIdx(idx, [1, 2 ** 31, 2 ** 31], new Uint8Array(4));
    await refused({ images: idx }).toThrow(/has the shape \[1, 2147483648, 2147483648\]/);
    writeIdx(idx, [16], new Uint8Array(16));
    await refused({ images: idx }).toThrow(/has 1 dimensions; \[N, H, W\] is expected/);
    writeIdx(idx, [2, 4, 4], new Uint8Array(32));
    const labels = join(folder, 'labels-idx1-ubyte');
    writeIdx(labels, [3], new Uint8Array(3));
    await refused({ images: idx, labels }).toThrow(/has 3 labels for the 2 images/);
  });

  it('binaries that are not of rows of CIFAR', async () => {
    const bin = join(folder, 'data_batch_1.bin');
    writeFileSync(bin, Buffer.alloc(3075));
    await refused({ images: bin }).toThrow(
      /must have rows of 3073 bytes \(CIFAR-10\) or 3074 \(CIFAR-100\), but has 3075/,
    );
    writeFileSync(bin, Buffer.alloc(3073));
    await refused({ images: bin, columns: { label: 'fine' } }).toThrow(
      /no column fine; its columns are label$/,
    );
    expect(readFileSync((await packData({ evaluate: { images: bin } })).evaluate.images)).toHaveLength(
      128 + 3072,
    );
  });
});
