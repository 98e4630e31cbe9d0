import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { loadSharp } from '../../../../engine/data/images/load-sharp';
import { readImage, UnreadableImage } from '../../../../engine/data/images/read-image';
import { temporaryFolder } from '../../../support/folder';
import { oddFiles } from '../../../support/odd-files';
import { golden } from '../../../support/paths';

const folder = temporaryFolder();

it('16 bits a channel become their upper 8', async () => {
  const values = Uint16Array.from([0, 255, 256, 0x7fff, 0x8000, 0xffff]);
  const file = join(folder, 'deep.png');
  await sharp(values, { raw: { width: 2, height: 1, channels: 3 } })
    .toColourspace('rgb16')
    .png()
    .toFile(file);
  expect([...(await readImage(file, 'rgb')).data]).toEqual([0, 0, 1, 127, 128, 255]);
});

it('what is missing, cut short or no image is named', async () => {
  const whole = readFileSync(golden('engine', 'images', 'baseline.jpg'));
  const [cut, text] = [join(folder, 'cut.jpg'), join(folder, 'text.jpg')];
  writeFileSync(cut, whole.subarray(0, whole.length / 2));
  writeFileSync(text, 'no image');
  for (const path of [cut, text, join(folder, 'nowhere.png')]) {
    const failed = readImage(path, 'rgb');
    await expect(failed).rejects.toThrow(UnreadableImage);
    await expect(failed).rejects.toThrow(`image ${path} can't be decoded: `);
  }
});

it('only the formats that are named are decoded, whatever the file is called', async () => {
  const pixels = { create: { width: 2, height: 2, channels: 3, background: 'red' } } as const;
  const svg = join(folder, 'vector.png');
  writeFileSync(
    svg,
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  const gif = join(folder, 'animated.png');
  await sharp(pixels).gif().toFile(gif);
  for (const [path, format] of [
    [svg, 'svg'],
    [gif, 'gif'],
  ])
    await expect(readImage(path, 'rgb')).rejects.toThrow(
      `image ${path} can't be decoded: it is a file of format ${format}; jpeg, png, webp, tiff are read`,
    );
});

it('refuses anything but a file', async () => {
  for (const [what, path] of oddFiles(folder))
    await expect(readImage(path, 'rgb')).rejects.toThrow(`it is not a file, but ${what}`);
});

it('an image of more pixels than are decoded is refused before it is', async () => {
  const path = join(folder, 'bomb.png');
  const background = { width: 17_000, height: 17_000, channels: 3, background: 'black' } as const;
  await sharp({ create: background, limitInputPixels: false }).png({ compressionLevel: 1 }).toFile(path);
  await expect(readImage(path, 'rgb')).rejects.toThrow(/exceeds pixel limit/);
});

it('where the binary of sharp is not installed, that is said', () => {
  // In a registry of modules of its own, since the library is loaded once.
  jest.isolateModules(() => {
    const fresh = jest.requireActual<{ loadSharp: typeof loadSharp }>(
      '../../../../engine/data/images/load-sharp',
    );
    const load = () => {
      throw new Error('Could not load the "sharp" module using the plan9-x64 runtime\nPossible solutions: …');
    };
    expect(() => fresh.loadSharp(load)).toThrow(
      /^images can't be decoded, .* does not load on this machine .*: Could not load .* plan9-x64 runtime\. Its binary/,
    );
  });
});
