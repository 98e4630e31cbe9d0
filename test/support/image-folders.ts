import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { Random } from '../../engine/data/random';

/** Writes images of random pixels, PNG and JPEG in turns, `each` in a folder per class; returns the paths, sorted. */
export async function imageFolders(
  folder: string,
  classes: readonly string[],
  each: number,
  size: (at: number) => readonly [width: number, height: number] = () => [12, 10],
): Promise<string[]> {
  const random = new Random(5);
  const paths: string[] = [];
  for (const name of classes) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let at = 0; at < each; at++) {
      const [width, height] = size(paths.length);
      const pixels = Uint8Array.from({ length: 3 * width * height }, () => random.below(256));
      const path = join(folder, name, `${at}.${at % 2 ? 'png' : 'jpg'}`);
      await sharp(pixels, { raw: { width, height, channels: 3 } }).toFile(path);
      paths.push(path);
    }
  }
  return paths;
}

/** Points the cache of packed data to a folder while the tests of a file run. */
export function cacheIn(folder: string): void {
  const before = process.env.SLIMFLOW_CACHE;
  beforeAll(() => void (process.env.SLIMFLOW_CACHE = folder));
  afterAll(() => {
    if (before === undefined) delete process.env.SLIMFLOW_CACHE;
    else process.env.SLIMFLOW_CACHE = before;
  });
}
