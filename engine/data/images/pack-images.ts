import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { EngineError } from '../../errors';
import { writeNpy } from '../npy';
import { NpyWriter } from '../npy-writer';
import type { LabelledFile } from './labelled-files';
import { loadSharp } from './load-sharp';
import { channelCount, type ChannelsName, readImage, UnreadableImage } from './read-image';
import { type EvaluationCrop, evaluationCrop } from './resample';

/** Options for turning images into rows of a data set. */
export interface PackOptions extends EvaluationCrop {
  readonly channels: ChannelsName;
  /** Skip images that cannot be decoded instead of failing. */
  readonly skipBad?: boolean;
}

/** Paths of a packed data set, which must not exist yet. If packing fails, the caller removes what was written. */
export interface PackedFiles {
  readonly images: string;
  /** Left out for data without labels. */
  readonly labels?: string;
}

/** Result of packing. */
export interface Packed {
  /** [N, C, H, W] of the images, which are uint8. */
  readonly shape: readonly number[];
  /** Files that were skipped, with the reason. */
  readonly bad: readonly { readonly path: string; readonly problem: string }[];
}

/** Observes packing and may stop it. */
export interface WatchingPack {
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Images decoded at once: enough to keep libuv's threads, on which sharp decodes, busy while one of them takes long. */
const underWay = 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 4);

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
  const { channels, size, skipBad } = options;
  loadSharp();
  const row = [channelCount[channels], size, size];
  await checkRoom(to.images, files.length * row[0] * size * size);
  const images = await NpyWriter.create(to.images, 'uint8', row);
  const labels: number[] = [];
  const bad: { path: string; problem: string }[] = [];
  try {
    const cropOf = async ({ path }: LabelledFile) => evaluationCrop(await readImage(path, channels), options);
    let done = 0;
    for await (const [file, crop] of inOrder(files, cropOf, underWay, signal)) {
      if (crop instanceof Uint8Array) {
        await images.append(crop);
        if (file.label !== undefined) labels.push(file.label);
      } else if (skipBad && crop instanceof UnreadableImage) {
        bad.push({ path: crop.path, problem: crop.problem });
      } else throw crop;
      onProgress?.(++done, files.length);
    }
    if (images.dims[0] === 0)
      throw new EngineError('InvalidData', `none of the ${files.length} images can be decoded`);
  } catch (error) {
    await images.abandon();
    throw error;
  }
  await images.close();
  if (to.labels) writeNpy(to.labels, { type: 'int32', dims: [labels.length], data: Int32Array.from(labels) });
  return { shape: images.dims, bad };
}

/**
 * Yields the result of `work` for each item, or its error, in the order of the items. At most `width` are under way, or
 * finished and waiting for earlier ones; leaving the loop early waits for them.
 * @throws EngineError `Cancelled`
 */
async function* inOrder<Item, Made>(
  items: readonly Item[],
  work: (item: Item) => Promise<Made>,
  width: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly [Item, Made | Error]> {
  const going: Promise<readonly [Item, Made | Error]>[] = [];
  let next = 0;
  try {
    while (next < items.length || going.length) {
      if (signal?.aborted) throw new EngineError('Cancelled', 'packing was stopped');
      while (going.length < width && next < items.length) {
        const item = items[next++];
        going.push(
          work(item).then(
            (made) => [item, made] as const,
            (error: Error) => [item, error] as const,
          ),
        );
      }
      yield await going.shift()!;
    }
  } finally {
    await Promise.all(going);
  }
}

/** @throws EngineError `InvalidData` if the disk has less room than `bytes` */
async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(dirname(path));
  // Some network file systems do not report their size.
  if (blocks === 0 || bavail * bsize >= bytes) return;
  const size = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new EngineError(
    'InvalidData',
    `the images need ${size(bytes)}, but ${dirname(path)} has only ${size(bavail * bsize)} free: pack fewer images per class, or choose another folder`,
  );
}
