import { join } from 'node:path';

import { numbersOf, toBytes } from '../tensor/tensor';
import { NpyFile, writeNpy } from './npy';
import { NpyWriter } from './npy-writer';
import { checkedRange } from './pixels';
import { Random } from './random';
import type { DatasetSource } from './source';

/**
 * Copies rows of a split, drawn by a seed, into a folder as a small split: values as the files have them, so that they can
 * be read with another normalization.
 */
export async function drawnSplit(
  source: DatasetSource,
  most: number,
  folder: string,
  seed = 0,
): Promise<DatasetSource> {
  const images = NpyFile.open(source.images);
  try {
    const [first, end] = checkedRange(source, images);
    const rows = new Random(seed).sample(end - first, Math.min(most, end - first)).sort();
    const copied = async (path: string, name: string): Promise<string> => {
      const to = join(folder, name);
      await copyRows(
        path,
        to,
        Array.from(rows, (row) => row + first),
      );
      return to;
    };
    const inputs: [string, string][] = [];
    for (const [at, [name, path]] of Object.entries(source.inputs ?? {}).entries()) {
      const file = NpyFile.open(path);
      const batched = file.dims[0] === images.dims[0];
      file.close();
      inputs.push([name, batched ? await copied(path, `input-${at}.npy`) : path]);
    }
    const { range: _range, ...rest } = source;
    return {
      ...rest,
      images: await copied(source.images, 'images.npy'),
      ...(source.labels !== undefined && { labels: await copied(source.labels, 'labels.npy') }),
      ...(inputs.length && { inputs: Object.fromEntries(inputs) }),
    };
  } finally {
    images.close();
  }
}

async function copyRows(
  from: string,
  to: string,
  rows: readonly number[],
  change: (row: Uint8Array, dims: readonly number[]) => Uint8Array = (row) => row,
): Promise<void> {
  const file = NpyFile.open(from);
  try {
    const shape = file.dims.slice(1);
    const writer = await NpyWriter.create(to, file.type, shape);
    try {
      for (const row of rows) await writer.append(change(toBytes(file.rows(row, 1)), shape));
    } catch (error) {
      await writer.abandon();
      throw error;
    }
    await writer.close();
  } finally {
    file.close();
  }
}

/**
 * Copies a split's images with the first and the last of three channels swapped.
 * @returns undefined if they do not have three channels
 */
export async function withChannelsSwapped(
  source: DatasetSource,
  folder: string,
): Promise<DatasetSource | undefined> {
  const file = NpyFile.open(source.images);
  const [count, ...shape] = file.dims;
  file.close();
  const last = source.layout === 'NHWC' || (shape[0] !== 3 && shape[2] === 3);
  if (shape.length !== 3 || shape[last ? 2 : 0] !== 3) return undefined;
  const to = join(folder, 'swapped.npy');
  const all = Array.from({ length: count }, (_, row) => row);
  await copyRows(source.images, to, all, (row) =>
    swapped(row, row.length / (shape[0] * shape[1] * shape[2]), last),
  );
  return { ...source, images: to };
}

/** Swaps the first and the last channel of an image, whose elements have `size` bytes. */
function swapped(row: Uint8Array, size: number, last: boolean): Uint8Array {
  const out = row.slice();
  const width = last ? size : row.length / 3;
  for (let at = 0; at < row.length; at += 3 * width) {
    out.set(row.subarray(at + 2 * width, at + 3 * width), at);
    out.set(row.subarray(at, at + width), at + 2 * width);
  }
  return out;
}

/** Copies a split's labels, class numbers, each moved by `by` and kept from 0 to `greatest`. */
export function withLabelsMoved(
  source: DatasetSource,
  by: number,
  greatest: number,
  folder: string,
): DatasetSource {
  const file = NpyFile.open(source.labels!);
  const all = file.rows(0, file.dims[0]);
  file.close();
  const labels = join(folder, `labels-${by}.npy`);
  const moved = Int32Array.from(numbersOf(all), (label) => Math.min(greatest, Math.max(0, label + by)));
  writeNpy(labels, { type: 'int32', dims: file.dims, data: moved });
  return { ...source, labels };
}
