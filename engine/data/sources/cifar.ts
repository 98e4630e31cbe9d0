import { statSync } from 'node:fs';
import { extname } from 'node:path';

import { EngineError } from '../../errors';
import { withChannels } from '../images/read-image';
import type { RawSample } from '../images/write-samples';
import { interleaved } from './array-file';
import { ByteReader } from './byte-reader';
import type { SourceKind } from './kind';

const side = 32;
const pixelBytes = 3 * side * side;
/** Labels before each image: CIFAR-10 has one, CIFAR-100 a coarse and a fine one. */
const labelBytes = [1, 2];

/** CIFAR's binary files: the labels of an image, then its red, green and blue pixels, 32x32 each. */
export const cifarFiles: SourceKind = {
  name: 'a CIFAR binary',
  reads: ['columns'],
  claims: (paths) => paths.every((path) => extname(path).toLowerCase() === '.bin'),
  open: ({ paths, columns }) => {
    const sizes = paths.map((path) => {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size === undefined) throw new EngineError('InvalidData', `there is no file ${path}`);
      return size;
    });
    const labels = labelBytes.find((count) =>
      sizes.every((size) => size > 0 && size % (pixelBytes + count) === 0),
    );
    if (labels === undefined)
      throw new EngineError(
        'InvalidData',
        `${paths.join(', ')} must have rows of ${pixelBytes + 1} bytes (CIFAR-10) or ${pixelBytes + 2} (CIFAR-100), but has ${sizes.join(', ')} bytes`,
      );
    const named = labels === 1 ? ['label'] : ['coarse', 'fine'];
    const which = columns?.label === undefined ? labels - 1 : named.indexOf(columns.label);
    if (which < 0)
      throw new EngineError(
        'InvalidData',
        `${paths[0]} has no column ${columns?.label}; its columns are ${named.join(', ')}`,
      );
    const row = pixelBytes + labels;
    return {
      files: paths,
      total: sizes.reduce((sum, size) => sum + size, 0) / row,
      async *samples(): AsyncGenerator<RawSample> {
        for (const [at, path] of paths.entries()) {
          const reader = ByteReader.open(path);
          try {
            for (let image = 0; image < sizes[at] / row; image++) {
              const bytes = await reader.read(row, `image ${image}`);
              const data = interleaved(bytes.subarray(labels), 3);
              const pixels = { data, width: side, height: side, channels: 3 };
              yield {
                name: `${path} image ${image}`,
                label: bytes[which],
                pixels: (wanted) => (wanted ? withChannels(pixels, wanted) : pixels),
              };
            }
          } finally {
            reader.close();
          }
        }
      },
    };
  },
};
