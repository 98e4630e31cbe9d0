import type { LabelledFile } from './labelled-files';
import { loadSharp } from './load-sharp';
import { type ChannelsName, readImage } from './read-image';
import { type Packed, type PackedFiles, type RawSample, writeSamples } from './write-samples';

/** Options for turning images into rows of a data set. */
export interface PackOptions {
  /** Length of the shorter side after resizing, in pixels. */
  readonly resize: number;
  /** Side of the square taken from the centre, at most `resize`. */
  readonly size: number;
  readonly channels: ChannelsName;
  /** Skip images that cannot be decoded instead of failing. */
  readonly skipBad?: boolean;
}

/** Observes packing and may stop it. */
export interface WatchingPack {
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Decodes images, crops them as for evaluation, and writes them row by row: uint8 [N, C, H, W], the order in which
 * batches are made and so the fastest to read, and int32 labels [N]. Only a few images are held at a time; rows are in
 * the order of `files`.
 * @throws UnreadableImage if one cannot be decoded, unless `skipBad`
 * @throws EngineError `InvalidData` if none can be decoded, or the disk is too small; `Cancelled`
 * @example
 * ```ts
 * import { classFolders, packImages } from 'slimflow/engine';
 *
 * const { files, classes } = classFolders('photos'); // photos/cat/1.png, photos/dog/2.jpg, …
 * const to = { images: 'photos-x.npy', labels: 'photos-y.npy' };
 * const { shape } = await packImages(files, to, { channels: 'rgb', size: 8, resize: 9, skipBad: true });
 * console.log(classes, shape); // [N, 3, 8, 8]
 * ```
 */
export async function packImages(
  files: readonly LabelledFile[],
  to: PackedFiles,
  options: PackOptions,
  { signal, onProgress }: WatchingPack = {},
): Promise<Packed> {
  const { channels, resize, size, skipBad } = options;
  loadSharp();
  const samples = files.map(({ path, label }): RawSample => ({
    name: path,
    label,
    pixels: () => readImage(path, channels),
  }));
  const { shape, bad } = await writeSamples(
    samples,
    to,
    { resize, crop: size, channels },
    { total: files.length, skipBad, signal, onProgress: (done) => onProgress?.(done, files.length) },
  );
  return { shape, bad };
}
