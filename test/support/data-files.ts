import { createWriteStream, writeFileSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';

import { zipSync } from 'fflate';
import { pack } from 'tar-stream';

import { npyHeader } from '../../engine/data/npy';
import { type Tensor, toBytes } from '../../engine/tensor/tensor';

/** Writes bytes, compressed by gzip if the name says so. */
const write = (path: string, bytes: Buffer): void =>
  writeFileSync(path, path.endsWith('.gz') ? gzipSync(bytes) : bytes);

/** Writes an IDX file of bytes, as MNIST's. */
export function writeIdx(path: string, dims: readonly number[], data: Uint8Array): void {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header.set([0, 0, 8, dims.length]);
  dims.forEach((dim, axis) => header.writeUInt32BE(dim, 4 + 4 * axis));
  write(path, Buffer.concat([header, data]));
}

/** Writes CIFAR's binary file of images [N, 3, 32, 32]; each row begins with its labels. */
export function writeCifar(path: string, labels: readonly (readonly number[])[], images: Uint8Array): void {
  const rows = labels.flatMap((own, at) => [
    Uint8Array.from(own),
    images.subarray(3072 * at, 3072 * (at + 1)),
  ]);
  write(path, Buffer.concat(rows));
}

/** The bytes of a NumPy file. */
export const npyBytes = (tensor: Tensor): Uint8Array => Buffer.concat([npyHeader(tensor), toBytes(tensor)]);

/** Writes arrays as NumPy's `savez_compressed` does. */
export function writeNpz(path: string, arrays: Readonly<Record<string, Tensor>>): void {
  const members = Object.entries(arrays).map(([name, tensor]) => [`${name}.npy`, npyBytes(tensor)]);
  writeFileSync(path, zipSync(Object.fromEntries(members) as Record<string, Uint8Array>));
}

/** Writes a tar file of members, compressed by gzip if its name ends in z. */
export async function writeTar(
  path: string,
  members: Readonly<Record<string, string | Buffer>>,
): Promise<void> {
  const tar = pack();
  for (const [name, content] of Object.entries(members)) tar.entry({ name }, content);
  tar.finalize();
  const to = createWriteStream(path);
  // tar-stream's types are those of streamx, which pipeline takes nonetheless.
  const packed = tar as unknown as NodeJS.ReadableStream;
  await (path.endsWith('z') ? pipeline(packed, createGzip(), to) : pipeline(packed, to));
}
