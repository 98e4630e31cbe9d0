import type { Sharp } from 'sharp';

import { EngineError } from '../../errors';
import { openRegular } from '../../regular-file';
import { loadSharp } from './load-sharp';
import { Budget } from './pixel-budget';
import type { Pixels } from './resample';

/** Channels that images can be converted to. */
export const channelNames = ['rgb', 'gray'] as const;
/** Name of the channels that images are converted to. */
export type ChannelsName = (typeof channelNames)[number];

/** Number of channels by name. */
export const channelCount: Readonly<Record<ChannelsName, number>> = { rgb: 3, gray: 1 };

/** An image of the user's that cannot be decoded. */
export class UnreadableImage extends EngineError {
  constructor(
    readonly path: string,
    /** The reason, without the path. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super('InvalidData', `image ${path} can't be decoded: ${problem}`, options);
  }
}

/** Formats that are decoded, by sharp's names. Others, such as SVG, run programs or fetch files. */
const formats = ['jpeg', 'png', 'webp', 'tiff'];
/** Largest file, in bytes, and image, in pixels, that are decoded. */
export const most = { bytes: 2 ** 29, pixels: 2 ** 28 };
/** Pixels decoded at once, whatever the number of images: some 400 MB in colour. */
const underWay = new Budget(2 ** 27);

/**
 * Decodes a JPEG, PNG, WebP or TIFF image, the first if a file has several, and turns it as its EXIF orientation says.
 * Colours become RGB or grey as in Pillow's `convert`: transparency and colour profiles are ignored.
 * @throws UnreadableImage if it is missing, damaged, cut short, or of another format
 */
export const readImage = (path: string, channels: ChannelsName): Promise<Pixels> =>
  decodeImage(path, () => bytesOf(path), channels);

/**
 * Decodes the bytes of an image file, as `readImage` does.
 * @param name its name in messages
 * @param read gives the bytes; its errors are reported as the image's
 * @throws UnreadableImage
 */
export async function decodeImage(
  name: string,
  read: () => Uint8Array | Promise<Uint8Array>,
  channels: ChannelsName,
): Promise<Pixels> {
  const sharp = loadSharp();
  try {
    const image = sharp(await read(), {
      failOn: 'error',
      ignoreIcc: true,
      limitInputPixels: most.pixels,
    }).autoOrient();
    const { space, format, width = 0, height = 0 } = await image.metadata();
    if (!formats.includes(format))
      throw new Error(`it is a file of format ${format}; ${formats.join(', ')} are read`);
    return await underWay.spend(width * height, () => decoded(image, space, channels));
  } catch (error) {
    // libvips threads share one error text, so ours may be gone.
    const problem = (error as Error).message.trim().replace(/^Unknown error$/, 'it is damaged');
    throw new UnreadableImage(name, problem, { cause: error });
  }
}

async function bytesOf(path: string): Promise<Buffer> {
  const { file, status } = await openRegular(path);
  try {
    if (status.size > most.bytes)
      throw new Error(`it has ${status.size} bytes; at most ${most.bytes} are read`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function decoded(image: Sharp, space: string | undefined, channels: ChannelsName): Promise<Pixels> {
  // Otherwise inks would be converted to colours by a profile.
  if (space === 'cmyk') image.pipelineColourspace('cmyk').toColourspace('cmyk');
  else image.toColourspace('srgb').removeAlpha();
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const pixels = { data, width, height, channels: info.channels };
  const colours = space === 'cmyk' ? rgbOfInks(pixels) : pixels;
  return withChannels(colours, channels);
}

/** Converts an image of one or three channels to grey or to three channels, as Pillow's `convert` does. */
export const withChannels = (image: Pixels, channels: ChannelsName): Pixels =>
  channels === 'gray' ? grey(image) : threefold(image);

/** Converts [C, M, Y, K] to [R, G, B], each darker the more there is of its ink and of black. */
function rgbOfInks({ data, width, height }: Pixels): Pixels {
  const pixels = width * height;
  const out = new Uint8Array(3 * pixels);
  for (let at = 0; at < pixels; at++) {
    const light = 255 - data[4 * at + 3];
    for (let c = 0; c < 3; c++) out[3 * at + c] = light - Math.round((data[4 * at + c] * light) / 255);
  }
  return { data: out, width, height, channels: 3 };
}

/** Converts to grey by the luma of ITU-R 601, in Pillow's 16-bit fixed point. */
function grey(image: Pixels): Pixels {
  const { data, width, height, channels } = image;
  if (channels < 3) return image;
  const out = new Uint8Array(width * height);
  for (let at = 0; at < out.length; at++) {
    const from = channels * at;
    out[at] = (19595 * data[from] + 38470 * data[from + 1] + 7471 * data[from + 2] + 0x8000) >> 16;
  }
  return { data: out, width, height, channels: 1 };
}

/** Repeats an image's single channel three times. */
function threefold(image: Pixels): Pixels {
  const { data, width, height, channels } = image;
  if (channels === 3) return image;
  const out = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at++) out.fill(data[channels * at], 3 * at, 3 * at + 3);
  return { data: out, width, height, channels: 3 };
}
