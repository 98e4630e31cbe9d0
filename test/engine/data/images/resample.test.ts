import { readdirSync } from 'node:fs';

import { readImage } from '../../../../engine/data/images/read-image';
import type { Pixels } from '../../../../engine/data/images/resample';
import { transformed } from '../../../../engine/data/images/transform';
import { NpyFile } from '../../../../engine/data/npy';
import { golden } from '../../../support/paths';

/** torchvision's evaluation transform. */
const evaluationCrop = (image: Pixels, { resize, size }: { resize: number; size: number }) =>
  transformed('of the test', image, { resize, crop: size }).data;

const folder = (name: string) => golden('engine', 'images', name);
const files = readdirSync(folder(''))
  .filter((name) => !name.endsWith('.npy'))
  .sort();

/**
 * Largest difference of a pixel from torchvision's: decoders of lossy formats may round otherwise on other processors.
 */
const tolerance = (file: string): number => (file === 'tall.png' ? 1 : /\.jpg$|^lossy/.test(file) ? 2 : 0);

describe.each(['rgb', 'gray'] as const)('%s', (channels) => {
  it.each(files.map((file, row) => [file, row] as const))(
    "%s becomes what torchvision's evaluation transform makes of it",
    async (file, row) => {
      const made = evaluationCrop(await readImage(folder(file), channels), { resize: 32, size: 28 });
      const expected = NpyFile.open(folder(`${channels}.npy`));
      const { data, dims } = expected.rows(row, 1);
      expected.close();
      expect([expected.dims[0], made.length]).toEqual([files.length, dims.reduce((a, b) => a * b)]);
      const apart = made.reduce((most, value, at) => Math.max(most, Math.abs(value - Number(data[at]))), 0);
      expect(apart).toBeLessThanOrEqual(tolerance(file));
    },
  );
});

it('an odd rest beside the crop is rounded as Python does: halves to the even number', () => {
  // A row of 0, 1, 2, …: the first pixel of the crop says where it starts.
  const startIn = (width: number) => {
    const data = Uint8Array.from({ length: 2 * width }, (_, at) => at % width);
    return evaluationCrop({ data, width, height: 2, channels: 1 }, { resize: 2, size: 2 })[0];
  };
  expect([2, 3, 4, 5, 6, 7].map(startIn)).toEqual([0, 0, 1, 2, 2, 2]);
});
