import { EngineError } from '../../errors';
import { loadSharp } from './load-sharp';
import type { Pixels } from './resample';

/** What the channels of an image become. */
export const channelNames = ['rgb', 'gray'] as const;
export type ChannelsName = (typeof channelNames)[number];

/** How many there are of them. */
export const channelCount: Readonly<Record<ChannelsName, number>> = { rgb: 3, gray: 1 };

/** An image of the user's that can't be decoded. */
export class UnreadableImage extends EngineError {
  constructor(
    readonly path: string,
    /** What is wrong with it. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super('InvalidData', `image ${path} can't be decoded: ${problem}`, options);
  }
}

/**
 * Decodes an image: JPEG, PNG, WebP or TIFF; of several in a file the first. It is turned as its EXIF orientation says.
 * Colours become RGB or grey as Pillow's `convert` makes them: transparency and colour profiles are left out of account.
 * @throws UnreadableImage when it is missing, damaged or cut short, or of another format
 */
export async function readImage(path: string, channels: ChannelsName): Promise<Pixels> {
  const sharp = loadSharp();
  try {
    const image = sharp(path, { failOn: 'error', ignoreIcc: true }).autoOrient();
    const { space } = await image.metadata();
    // Else inks would become colours by a profile.
    if (space === 'cmyk') image.pipelineColourspace('cmyk').toColourspace('cmyk');
    else image.toColourspace('srgb').removeAlpha();
    const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const decoded = { data, width, height, channels: info.channels };
    const colours = space === 'cmyk' ? rgbOfInks(decoded) : decoded;
    return channels === 'gray' ? grey(colours) : threefold(colours);
  } catch (error) {
    // Threads of libvips share one text for what went wrong, so that it may be gone.
    const problem = (error as Error).message.trim().replace(/^Unknown error$/, 'it is damaged');
    throw new UnreadableImage(path, problem, { cause: error });
  }
}

/** [C, M, Y, K] as [R, G, B], each less as there is more of its ink and of black. */
function rgbOfInks({ data, width, height }: Pixels): Pixels {
  const pixels = width * height;
  const out = new Uint8Array(3 * pixels);
  for (let at = 0; at < pixels; at++) {
    const light = 255 - data[4 * at + 3];
    for (let c = 0; c < 3; c++) out[3 * at + c] = light - Math.round((data[4 * at + c] * light) / 255);
  }
  return { data: out, width, height, channels: 3 };
}

/** The luma of ITU-R 601, in the 16-bit fixed point of Pillow. */
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

/** An image of one channel with three equal ones. */
function threefold(image: Pixels): Pixels {
  const { data, width, height, channels } = image;
  if (channels === 3) return image;
  const out = new Uint8Array(3 * width * height);
  for (let at = 0; at < width * height; at++) out.fill(data[channels * at], 3 * at, 3 * at + 3);
  return { data: out, width, height, channels: 3 };
}
