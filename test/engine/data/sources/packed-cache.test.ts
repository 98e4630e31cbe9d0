import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

import { packData } from '../../../../engine/data/sources/pack-data';
import { inFolder, temporaryFolder } from '../../../support/folder';
import { cacheIn, imageFolders } from '../../../support/image-folders';

const folder = temporaryFolder();
const cache = join(folder, 'cache', 'data');
cacheIn(join(folder, 'cache'));
const photos = join(folder, 'photos');
let paths: string[];
beforeAll(async () => {
  paths = await imageFolders(photos, ['ape', 'bee'], 6);
});

const transform = { resize: 8, crop: 8 };
/** Packs the photos; returns the path of the images, and how many were decoded. */
async function pack(change: object = {}): Promise<readonly [images: string, decoded: number]> {
  let decoded = 0;
  const data = { images: photos, transform, ...change };
  const { train } = await packData({ train: data }, { onProgress: () => void decoded++ });
  return [train.images, decoded];
}

it('what was packed once is not decoded again, until a file or the transform changes', async () => {
  const [first, decoded] = await pack();
  expect(decoded).toBe(12);
  expect(first).toMatch(/photos-[0-9a-f]{16}.images\.npy$/);
  expect(await pack()).toEqual([first, 0]);
  expect(await pack({ range: [0, 4], normalize: { scale: 0.1 } })).toEqual([first, 0]);
  expect(statSync(cache).mode & 0o777).toBe(0o700);
  const [other] = await pack({ transform: { ...transform, channels: 'gray' } });
  expect(other).not.toBe(first);
  const later = new Date(Date.now() - 5000);
  utimesSync(paths[3], later, later);
  const [changed, again] = await pack();
  expect([changed === first, again]).toEqual([false, 12]);
  expect(readFileSync(changed)).toEqual(readFileSync(first));
});

it('an entry that is cut short is packed again', async () => {
  const [images] = await pack();
  const whole = readFileSync(images);
  truncateSync(images, 500);
  expect(await pack()).toEqual([images, 12]);
  expect(readFileSync(images)).toEqual(whole);
});

it('an interrupted packing leaves nothing, and the next one starts again', () =>
  inFolder(async (place) => {
    const other = join(place, 'others');
    await imageFolders(other, ['ape'], 20);
    const stop = new AbortController();
    const data = { images: other, transform };
    const before = readdirSync(cache);
    const packing = packData(
      { train: data },
      { signal: stop.signal, onProgress: ({ done }) => done === 4 && stop.abort() },
    );
    await expect(packing).rejects.toMatchObject({ code: 'Cancelled' });
    expect(readdirSync(cache)).toEqual(before);
    expect(existsSync((await packData({ train: data })).train.images)).toBe(true);
  }));

it('what a killed process left is removed, and what a living one writes is not; nor is an entry that was just used', async () => {
  const [images] = await pack();
  // No process has this id: the kernel's are smaller.
  const nobody = 2 ** 22 + 1;
  const left = (pid: number) =>
    join(cache, `.x-0123456789abcdef.${hostname()}.${pid}.0f8fad5b-d9cb-469f-a165-70867728950e.tmp`);
  for (const pid of [nobody, process.ppid]) mkdirSync(left(pid));
  const old = join(cache, 'old-0123456789abcdef');
  mkdirSync(old);
  writeFileSync(join(old, 'images.npy'), '');
  const longAgo = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  utimesSync(old, longAgo, longAgo);
  await pack({ transform: { resize: 8, crop: 7 } });
  expect([
    existsSync(left(nobody)),
    existsSync(left(process.ppid)),
    existsSync(old),
    existsSync(images),
  ]).toEqual([false, true, false, true]);
});
