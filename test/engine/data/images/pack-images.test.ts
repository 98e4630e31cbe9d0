import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { Dataset } from '../../../../engine/data/dataset';
import { packImages } from '../../../../engine/data/images/pack-images';
import { UnreadableImage } from '../../../../engine/data/images/read-image';
import { inFolder, temporaryFolder } from '../../../support/folder';

const folder = temporaryFolder();
const options = { resize: 4, size: 4, channels: 'rgb' } as const;
const count = 40;
/** Squares of one colour each, which tells which file a row is of. The first is far larger than those after it. */
const files = Array.from({ length: count }, (_, at) => ({
  path: join(folder, `${at}.png`),
  label: at % 7,
}));
beforeAll(async () => {
  for (const [at, { path }] of files.entries()) {
    const side = at === 0 ? 600 : 6;
    const background = { r: at, g: 2 * at, b: 255 - at };
    await sharp({ create: { width: side, height: side, channels: 3, background } }).toFile(path);
  }
});

const inside = (place: string) => ({ images: join(place, 'images.npy'), labels: join(place, 'labels.npy') });

it('rows are in the order of the files, whichever is decoded first, and a data set reads them', () =>
  inFolder(async (place) => {
    const to = inside(place);
    const seen: number[] = [];
    const packed = await packImages(files, to, options, { onProgress: (done) => void seen.push(done) });
    expect(packed).toEqual({ shape: [count, 3, 4, 4], bad: [] });
    expect(seen).toEqual(files.map((_, at) => at + 1));
    const data = Dataset.open({ ...to, layout: 'NCHW' });
    const { images, labels } = data.slice(0, count);
    data.close();
    expect([...labels]).toEqual(files.map(({ label }) => label));
    for (let at = 0; at < count; at++)
      expect([0, 16, 32].map((plane) => images[48 * at + plane])).toEqual([at, 2 * at, 255 - at]);
    // NumPy asks that what follows the header is aligned to 64 bytes.
    expect(readFileSync(to.images)).toHaveLength(128 + count * 48);
  }));

it('images alone, and grey ones', () =>
  inFolder(async (place) => {
    const to = { images: join(place, 'images.npy') };
    const some = files.slice(1, 3).map(({ path }) => ({ path }));
    const { shape } = await packImages(some, to, { ...options, channels: 'gray' });
    expect(shape).toEqual([2, 1, 4, 4]);
    expect(readdirSync(place)).toEqual(['images.npy']);
    const data = Dataset.open(to);
    expect([data.labelled, data.slice(0, 1).images[0]]).toEqual([
      false,
      Math.round(0.299 + 0.587 * 2 + 0.114 * 254),
    ]);
    data.close();
  }));

it('an image that can not be decoded ends it, unless such ones are left out', () =>
  inFolder(async (place) => {
    const path = join(place, 'bad.png');
    writeFileSync(path, readFileSync(files[0].path).subarray(0, 100));
    const some = [...files.slice(0, 3), { path, label: 6 }, ...files.slice(3, 5)];
    await expect(packImages(some, inside(place), options)).rejects.toThrow(UnreadableImage);
    const none = { images: join(place, 'none.npy') };
    await expect(packImages([{ path }], none, { ...options, skipBad: true })).rejects.toThrow(
      'none of the 1 images can be decoded',
    );
    const to = { images: join(place, 'x.npy'), labels: join(place, 'y.npy') };
    const { shape, bad } = await packImages(some, to, { ...options, skipBad: true });
    expect([shape[0], bad]).toEqual([5, [{ path, problem: expect.any(String) as string }]]);
    const data = Dataset.open(to);
    expect([...data.slice(0, data.length).labels]).toEqual([0, 1, 2, 3, 4]);
    data.close();
  }));

it('it can be stopped, and then writes no labels', () =>
  inFolder(async (place) => {
    const to = inside(place);
    const stop = new AbortController();
    const packing = packImages(files, to, options, {
      signal: stop.signal,
      onProgress: (done) => done === 5 && stop.abort(),
    });
    await expect(packing).rejects.toMatchObject({ code: 'Cancelled' });
    expect(existsSync(to.labels)).toBe(false);
  }));

it('what there is no room for is not begun', () =>
  inFolder(async (place) => {
    const to = inside(place);
    const vast = { ...options, resize: 1e9, size: 1e9 };
    await expect(packImages(files, to, vast)).rejects.toThrow(
      /^the images need 120000000000\.0 GB, but .* free: pack/,
    );
    expect(readdirSync(place)).toEqual([]);
  }));
