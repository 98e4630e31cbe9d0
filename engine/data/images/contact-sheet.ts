import type { Dataset } from '../dataset';
import { loadSharp } from './load-sharp';
import { pixelsOf } from './sample-pixels';

/** A sample to be shown. */
export interface ShownSample {
  /** Row within the split. */
  readonly row: number;
  /** Its label, if it has a single one. */
  readonly label?: number;
}

/** Side of the square that an image is fitted into, and height of the line below it, in pixels. */
const side = 160;
const line = 22;
/** Images per row of the sheet. */
const perRow = 5;

/**
 * Draws samples of a data set beside each other, each with its row and label below, and writes them as a PNG. Values are shown
 * from their least to their greatest in each sample; of more than three channels, or two, the first is shown.
 * @throws Error if sharp is not installed, or the file can't be written
 */
export async function writeContactSheet(
  data: Dataset,
  samples: readonly ShownSample[],
  path: string,
): Promise<void> {
  const sharp = loadSharp();
  const tiles = [];
  for (const [at, { row, label }] of samples.entries()) {
    const { images } = data.slice(row, 1);
    const { pixels, width, height, channels } = pixelsOf(images, data.shape);
    const input = await sharp(pixels, { raw: { width, height, channels } })
      .resize(side, side, { fit: 'contain', kernel: 'nearest', background: '#fff' })
      .png()
      .toBuffer();
    const [left, top] = [(at % perRow) * side, Math.floor(at / perRow) * (side + line)];
    const text = `row ${row}${label === undefined ? '' : `: ${label}`}`;
    const caption = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${line}"><text x="4" y="16" font-family="sans-serif" font-size="14">${text}</text></svg>`;
    tiles.push({ input, left, top }, { input: Buffer.from(caption), left, top: top + side });
  }
  const rows = Math.ceil(samples.length / perRow);
  await sharp({
    create: {
      width: Math.min(perRow, samples.length) * side,
      height: rows * (side + line),
      channels: 3,
      background: '#fff',
    },
  })
    .composite(tiles)
    .png()
    .toFile(path);
}
