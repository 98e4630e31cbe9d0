import { join } from 'node:path';

import { readImage } from '../../../engine/data/images/read-image';
import { root } from '../../docs';
import { mutateBytes } from '../mutators/bytes';
import { commonSeeds, filesIn } from '../seeds';
import { type Room, type Target, Violation } from '../target';
import { isEngineError } from './refusals';

async function run({ file }: Room): Promise<string> {
  const { data, width, height, channels } = await readImage(file, 'rgb');
  if (data.length !== width * height * channels || channels !== 3)
    throw new Violation(
      'image of the wrong size',
      `${data.length} bytes for ${width} x ${height} x ${channels}`,
    );
  return `read ${Math.ceil(Math.log2(width))} x ${Math.ceil(Math.log2(height))}`;
}

/** An image file as `slimflow pack` decodes it. */
export const image: Target = {
  name: 'image',
  extension: '.png',
  seeds: () => [
    ...filesIn(
      join(root, 'test', 'golden', 'engine', 'images'),
      '.png',
      '.jpg',
      '.jpeg',
      '.webp',
      '.tif',
      '.tiff',
    ),
    ...commonSeeds('image', '.png', '.jpg'),
  ],
  mutate: mutateBytes,
  run,
  isRefusal: isEngineError,
};
