import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { EngineError } from '../../errors';
import { sizeOf } from '../../tensor/tensor';
import type { LabelledBoxes } from '../detection/boxes';
import { boxRows, placed, type SourceBoxes } from '../detection/labels/source-boxes';
import { writeNpy } from '../npy';
import { NpyWriter } from '../npy-writer';
import { UnreadableImage } from './read-image';
import type { Pixels } from './resample';
import { placementOf, type Transform, transformed } from './transform';

/** An image as its source has it, and its label. */
export interface RawSample {
  /** Its name in messages: a file, a member of an archive, a row. */
  readonly name: string;
  /**
   * Decodes it, to grey or to three channels. Without `channels`, image files become rgb; other pixels stay as they are.
   * @throws UnreadableImage
   */
  readonly pixels: (channels?: 'rgb' | 'gray') => Pixels | Promise<Pixels>;
  /** A number, or as many for each sample; undefined for data without labels. */
  readonly label?: number | readonly number[];
  /** Labelled boxes, for detectors; they go where the transform puts their pixels. */
  readonly boxes?: SourceBoxes;
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
export interface WatchingWrite {
  readonly signal?: AbortSignal;
  /** Called after each image; `total` is left out if it is not known. */
  readonly onProgress?: (done: number, total?: number) => void;
}

/** Options of `writeSamples`. */
export interface WriteOptions extends WatchingWrite {
  /** Number of samples, if known. */
  readonly total?: number;
  /** Skips images that cannot be decoded instead of failing. */
  readonly skipBad?: boolean;
}

/** Images decoded at once: enough to keep libuv's threads, on which sharp decodes, busy while one of them takes long. */
const underWay = 2 * (Number(process.env.UV_THREADPOOL_SIZE) || 4);

/**
 * Decodes and transforms images, several at once, and writes them row by row: uint8 [N, C, H, W], the order in which
 * batches are made and so the fastest to read, and labels [N] or [N, K], int32 if all are whole numbers, otherwise
 * float32, or boxes [N, M, 6]. Rows are in the order of the samples; only a few are held at a time.
 * @returns `labelled` false if the samples had no labels, and no file of them was written
 * @throws UnreadableImage if one cannot be decoded, unless `skipBad`
 * @throws EngineError `InvalidData` if none can be decoded, their sizes differ, some have no label, or the disk is too
 * small; `Cancelled`
 */
export async function writeSamples(
  samples: AsyncIterable<RawSample> | Iterable<RawSample>,
  to: PackedFiles,
  transform: Transform,
  { total, skipBad, signal, onProgress }: WriteOptions = {},
): Promise<Packed & { readonly labelled: boolean }> {
  const decoded = transform.channels === 'bgr' ? 'rgb' : transform.channels;
  const made = async ({ name, pixels, boxes }: RawSample) => {
    const image = await pixels(decoded);
    const placement = boxes && placementOf(image.width, image.height, transform);
    return {
      ...transformed(name, image, transform),
      ...(boxes && { boxes: placed(boxes, placement!) }),
    };
  };
  const labels = new LabelColumn();
  const boxes: LabelledBoxes[] = [];
  const bad: { path: string; problem: string }[] = [];
  let [writer, first]: [NpyWriter?, string?] = [];
  let done = 0;
  await checkRoom(to.images, (total ?? 1) * leastBytes(transform));
  try {
    for await (const [sample, row] of inOrder(samples, made, underWay, signal)) {
      if (!(row instanceof Error)) {
        if (!writer) {
          await checkRoom(to.images, (total ?? 1) * sizeOf(row.shape));
          writer = await NpyWriter.create(to.images, 'uint8', row.shape);
          first = sample.name;
        }
        checkSize(sample.name, row.shape, first!, writer.dims.slice(1));
        await writer.append(row.data);
        if (row.boxes) boxes.push(row.boxes);
        else if (to.labels) labels.add(sample);
      } else if (skipBad && row instanceof UnreadableImage) {
        bad.push({ path: row.path, problem: row.problem });
      } else throw row;
      onProgress?.(++done, total);
    }
  } catch (error) {
    await writer?.abandon();
    throw error;
  }
  if (!writer) throw new EngineError('InvalidData', `none of the ${done} images can be decoded`);
  await writer.close();
  if (to.labels !== undefined && boxes.length) writeNpy(to.labels, boxRows(boxes));
  const labelled = to.labels !== undefined && (boxes.length > 0 || labels.write(to.labels));
  return { shape: writer.dims, bad, labelled };
}

/** @throws EngineError `InvalidData` if an image has another size than the first */
function checkSize(name: string, shape: readonly number[], first: string, expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new EngineError(
    'InvalidData',
    `image ${name} has shape [${shape.join(', ')}], but ${first} has [${expected.join(', ')}]: a model takes images of one size, so set transform, such as { resize: 256, crop: 224 }, or { letterbox: 640 }`,
  );
}

/** Labels of the samples so far: one number, or a list of one length, for each. */
class LabelColumn {
  private readonly values: number[] = [];
  private rows = 0;
  /** Numbers per sample; undefined for plain numbers. */
  private width?: number;
  private firstName?: string;
  private unlabelled?: string;

  /** @throws EngineError `InvalidData` if it has no label and others do, or one of another kind */
  add({ name, label }: RawSample): void {
    const wrong = (what: string) => new EngineError('InvalidData', `${name} ${what}`);
    if (label === undefined) this.unlabelled ??= name;
    if (this.unlabelled !== undefined) {
      if (!this.rows && label === undefined) return;
      throw new EngineError('InvalidData', `${this.unlabelled} has no label, but other samples have one`);
    }
    const list = typeof label === 'number' ? [label] : label!;
    const width = typeof label === 'number' ? undefined : list.length;
    if (this.rows++ === 0) [this.width, this.firstName] = [width, name];
    if (width !== this.width)
      throw wrong(
        `has ${width ?? 'one'} label${width === undefined ? '' : 's'}, but ${this.firstName} has ${this.width ?? 'one'}`,
      );
    const bad = list.find((value) => typeof value !== 'number' || !Number.isFinite(value));
    if (bad !== undefined) throw wrong(`has the label ${String(bad)}, which is not a number`);
    for (const value of list) this.values.push(value);
  }

  /** Writes the labels; returns false if there are none. */
  write(path: string): boolean {
    if (!this.rows) return false;
    const whole = this.values.every((value) => Number.isInteger(value) && Math.abs(value) < 2 ** 31);
    const dims = this.width === undefined ? [this.rows] : [this.rows, this.width];
    writeNpy(
      path,
      whole
        ? { type: 'int32', dims, data: Int32Array.from(this.values) }
        : { type: 'float32', dims, data: Float32Array.from(this.values) },
    );
    return true;
  }
}

/**
 * Yields the result of `work` for each item, or its error, in the order of the items. At most `width` are under way, or
 * finished and waiting for earlier ones; leaving the loop early waits for them.
 * @throws EngineError `Cancelled`; what the items throw
 */
async function* inOrder<Item, Made>(
  items: AsyncIterable<Item> | Iterable<Item>,
  work: (item: Item) => Promise<Made>,
  width: number,
  signal?: AbortSignal,
): AsyncGenerator<readonly [Item, Made | Error]> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const going: Promise<readonly [Item, Made | Error]>[] = [];
  let ended = false;
  try {
    while (!ended || going.length) {
      if (signal?.aborted) throw new EngineError('Cancelled', 'packing was stopped');
      while (!ended && going.length < width) {
        const next = await source.next();
        if (next.done) {
          ended = true;
          break;
        }
        const item = next.value;
        going.push(
          work(item).then(
            (made) => [item, made] as const,
            (error: Error) => [item, error] as const,
          ),
        );
      }
      if (going.length) yield await going.shift()!;
    }
  } finally {
    await Promise.all(going);
    if (!ended) await source.return?.();
  }
}

/** Returns the bytes that an image has at least, once transformed. */
function leastBytes(transform: Transform): number {
  const { width, height } = placementOf(1, 1, transform);
  return width * height * (transform.channels === undefined || transform.channels === 'gray' ? 1 : 3);
}

/** @throws EngineError `InvalidData` if the disk has less room than `bytes` */
export async function checkRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize, blocks } = await statfs(dirname(path));
  // Some network file systems do not report their size.
  if (blocks === 0 || bavail * bsize >= bytes) return;
  const size = (value: number) => `${(value / 1e9).toFixed(1)} GB`;
  throw new EngineError(
    'InvalidData',
    `the images need ${size(bytes)}, but ${dirname(path)} has only ${size(bavail * bsize)} free: pack fewer images per class, or choose another folder`,
  );
}
