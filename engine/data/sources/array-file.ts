import { extname } from 'node:path';

import { EngineError } from '../../errors';
import { toBytes } from '../../tensor/tensor';
import { withChannels } from '../images/read-image';
import type { Pixels } from '../images/resample';
import type { RawSample } from '../images/write-samples';
import { NpyFile } from '../npy';
import type { OpenedSamples, SourceKind } from './kind';

/** An array of 8-bit pixels that are transformed; without a transform, the engine reads the file as it is. */
export const arrayFile: SourceKind = {
  name: 'an array',
  reads: ['layout'],
  claims: ([first, ...more]) => !more.length && extname(first).toLowerCase() === '.npy',
  open: ({ paths: [path], layout }) => pixelsOfArray(path, path, layout),
};

/**
 * Reads an array of images, uint8 [N, C, H, W], [N, H, W, C] with the layout NHWC, or [N, H, W], as samples without
 * labels.
 * @param name its name in messages
 * @throws EngineError `InvalidData` if it is another array
 */
export function pixelsOfArray(path: string, name: string, layout: 'NCHW' | 'NHWC' = 'NCHW'): OpenedSamples {
  const header = NpyFile.open(path);
  const { type, dims } = header;
  header.close();
  const [total, ...shape] = dims;
  const last = layout === 'NHWC';
  const channels = shape.length === 2 ? 1 : last ? shape[2] : shape[0];
  if (type !== 'uint8' || dims.length < 3 || dims.length > 4 || ![1, 3].includes(channels))
    throw new EngineError(
      'InvalidData',
      `${name} holds ${type} of [${dims.join(', ')}]; transform takes uint8 of [N, C, H, W] with 1 or 3 channels, of [N, H, W, C] with layout: NHWC, or of [N, H, W]`,
    );
  const [height, width] = shape.length === 2 || last ? shape : shape.slice(1);
  const imageAt = (file: NpyFile, row: number): Pixels => {
    const data = toBytes(file.rows(row, 1));
    const ordered = last || channels === 1 ? data : interleaved(data, channels);
    return { data: ordered, width, height, channels };
  };
  return {
    files: [path],
    total,
    *samples(): Generator<RawSample> {
      const file = NpyFile.open(path);
      try {
        for (let row = 0; row < total; row++) {
          const image = imageAt(file, row);
          yield {
            name: `${name} row ${row}`,
            pixels: (wanted) => (wanted ? withChannels(image, wanted) : image),
          };
        }
      } finally {
        file.close();
      }
    },
  };
}

/** Transposes [C, …] to […, C]. */
export function interleaved(data: Uint8Array, channels: number): Uint8Array {
  const plane = data.length / channels;
  const out = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++)
    for (let at = 0; at < plane; at++) out[at * channels + channel] = data[channel * plane + at];
  return out;
}
