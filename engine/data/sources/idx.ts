import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { EngineError } from '../../errors';
import { sizeOf } from '../../tensor/tensor';
import { most, withChannels } from '../images/read-image';
import type { RawSample } from '../images/write-samples';
import { ByteReader } from './byte-reader';
import type { OpenedSamples, SourceKind } from './kind';

const isIdx = (path: string): boolean => /[.-]idx\d-ubyte(\.gz)?$/i.test(path);

/** MNIST's files: images of [N, H, W], and labels of [N] in a second file, which is found by its name if not given. */
export const idxFile: SourceKind = {
  name: 'an IDX file',
  reads: ['labels'],
  claims: ([first, ...more]) => !more.length && isIdx(first),
  open: async ({ paths: [path], labels = labelsBeside(path) }): Promise<OpenedSamples> => {
    const [total, height, width] = await shapeOf(path, 3, '[N, H, W]');
    // Labels as an array go with any kind.
    const own = labels !== undefined && isIdx(labels) ? labels : undefined;
    if (own !== undefined) {
      const [count] = await shapeOf(own, 1, '[N]');
      if (count !== total)
        throw new EngineError('InvalidData', `${own} has ${count} labels for the ${total} images of ${path}`);
    }
    return {
      files: own === undefined ? [path] : [path, own],
      total,
      async *samples(): AsyncGenerator<RawSample> {
        const images = await atElements(path, 3);
        const numbers = own === undefined ? undefined : await atElements(own, 1);
        try {
          for (let row = 0; row < total; row++) {
            const data = await images.read(height * width, `image ${row}`);
            const label = numbers && (await numbers.read(1, `label ${row}`))[0];
            const pixels = { data, width, height, channels: 1 };
            yield {
              name: `${path} image ${row}`,
              label,
              pixels: (wanted) => (wanted ? withChannels(pixels, wanted) : pixels),
            };
          }
        } finally {
          images.close();
          numbers?.close();
        }
      },
    };
  },
};

/** Finds the labels beside images: train-labels-idx1-ubyte beside train-images-idx3-ubyte. */
function labelsBeside(path: string): string | undefined {
  const name = basename(path).replace('images', 'labels').replace(/idx\d/i, 'idx1');
  const beside = join(dirname(path), name);
  return beside !== path && existsSync(beside) ? beside : undefined;
}

/**
 * Reads the shape of an IDX file of bytes.
 * @throws EngineError `InvalidData` if it is not one, or has other dimensions than `axes`
 */
async function shapeOf(path: string, axes: number, expected: string): Promise<number[]> {
  const bad = (what: string) => new EngineError('InvalidData', `${path} ${what}`);
  const reader = ByteReader.open(path);
  try {
    const magic = await reader.read(4, 'its header');
    if (magic[0] !== 0 || magic[1] !== 0) throw bad('is not an IDX file');
    if (magic[2] !== 8)
      throw bad(`holds elements of type 0x${magic[2].toString(16)}; unsigned bytes (0x8) are read`);
    if (magic[3] !== axes) throw bad(`has ${magic[3]} dimensions; ${expected} is expected`);
    const header = await reader.read(4 * axes, 'its header');
    const dims = Array.from({ length: axes }, (_, axis) => header.readUInt32BE(4 * axis));
    if (!dims.every((dim) => dim > 0) || sizeOf(dims.slice(1)) > most.pixels)
      throw bad(`has the shape [${dims.join(', ')}], which holds no images of a usual size`);
    return dims;
  } finally {
    reader.close();
  }
}

/** Opens an IDX file after its header. */
async function atElements(path: string, axes: number): Promise<ByteReader> {
  const reader = ByteReader.open(path);
  await reader.read(4 + 4 * axes, 'its header');
  return reader;
}
