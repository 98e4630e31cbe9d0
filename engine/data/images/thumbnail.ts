import type { Dataset } from '../dataset';
import { loadSharp } from './load-sharp';
import { pixelsOf } from './sample-pixels';

/** Side of the square that a picture is fitted into, in pixels, and the size from which it is stored as a photograph. */
const side = 64;

/**
 * Draws a sample as a small picture: a data URI. Small images keep their pixels, larger ones become JPEG.
 * @param row within the split
 * @returns undefined if the library that draws is not installed
 */
export async function thumbnail(data: Dataset, row: number): Promise<string | undefined> {
  let sharp: ReturnType<typeof loadSharp>;
  try {
    sharp = loadSharp();
  } catch {
    return undefined;
  }
  const { pixels, width, height, channels } = pixelsOf(data.slice(row, 1).images, data.shape);
  const drawn = sharp(pixels, { raw: { width, height, channels } });
  if (Math.max(width, height) <= side)
    return `data:image/png;base64,${(await drawn.png({ compressionLevel: 9 }).toBuffer()).toString('base64')}`;
  const photograph = await drawn.resize(side, side, { fit: 'inside' }).jpeg({ quality: 78 }).toBuffer();
  return `data:image/jpeg;base64,${photograph.toString('base64')}`;
}
