import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { EngineError } from '../errors';
import { readRegularSync } from '../regular-file';
import { bytesOf, type ElementType, fromBytes, sizeOf, type Tensor, toBytes } from './tensor';

/**
 * Named tensors in one file, in the safetensors format (github.com/huggingface/safetensors): eight bytes of header
 * length, a JSON header, then the raw little-endian data. NumPy, PyTorch and others read it directly.
 */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const names: Record<ElementType, string> = {
  float32: 'F32',
  float64: 'F64',
  float16: 'F16',
  int8: 'I8',
  uint8: 'U8',
  int16: 'I16',
  uint16: 'U16',
  int32: 'I32',
  uint32: 'U32',
  int64: 'I64',
  uint64: 'U64',
  bool: 'BOOL',
};
const types = new Map(Object.entries(names).map(([type, name]) => [name, type as ElementType]));

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Writes `tensors` to a temporary file, syncs it and renames it to `path`, so that a reader never sees half a file.
 * @throws Error of the file system, with the file's name in its message
 */
export function writeTensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Record<string, string> = {},
): void {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { type, dims, data }] of tensors) {
    header[name] = {
      dtype: names[type],
      shape: [...dims],
      data_offsets: [offset, (offset += data.byteLength)],
    };
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const temporary = join(dirname(path), `.${randomUUID()}.slimflow.tmp`);
  try {
    const file = openSync(temporary, 'wx');
    try {
      for (const bytes of [length, padded, ...[...tensors.values()].map(toBytes)]) {
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritten(path, error);
  }
}

/** Puts the file's name into a file system's error: Node reports a full disk without one. */
export const unwritten = (path: string, error: unknown): Error =>
  Object.assign(error as Error, { message: `could not write ${path}: ${(error as Error).message}` });

/**
 * Reads a safetensors file whole.
 * @throws EngineError `InvalidData` if the file is not a complete safetensors file
 */
export function readTensors(path: string): TensorFile {
  const broken = (why: string, cause?: unknown) =>
    new EngineError('InvalidData', `${path} is not a complete safetensors file: ${why}`, { cause });
  let bytes: Buffer;
  try {
    bytes = readRegularSync(path, 2 ** 31 - 1);
  } catch (error) {
    throw broken((error as Error).message, error);
  }
  const length = bytes.length < 8 ? 0n : bytes.readBigUInt64LE(0);
  if (length < 2n || length > BigInt(bytes.length - 8))
    throw broken(`it has ${bytes.length} bytes, and a header of ${length} bytes`);
  const start = 8 + Number(length);
  const { __metadata__: metadata, ...entries } = headerIn(bytes.toString('utf8', 8, start), broken);
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const { type, shape, from, end } = checkedEntry(entry, (why) => broken(`tensor ${name} ${why}`));
    if (start + end > bytes.length)
      throw broken(`tensor ${name} ends at byte ${start + end}, but the file has ${bytes.length} bytes`);
    tensors.set(name, fromBytes(type, shape, bytes.subarray(start + from, start + end)));
  }
  return { tensors, metadata: checkedMetadata(metadata, broken) };
}

type Broken = (why: string, cause?: unknown) => EngineError;

function headerIn(json: string, broken: Broken): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(json);
  } catch (error) {
    throw broken('its header is not JSON', error);
  }
  if (!isRecord(header)) throw broken('its header is not a list of tensors by name');
  return header;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const areSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);

/** Checks what a header says about a tensor. @throws what `broken` makes */
function checkedEntry(entry: unknown, broken: Broken) {
  const { dtype, shape, data_offsets: span } = isRecord(entry) ? entry : {};
  const type = typeof dtype === 'string' ? types.get(dtype) : undefined;
  if (!type) throw broken(`is of none of the types ${[...types.keys()].join(', ')}`);
  if (!areSizes(shape)) throw broken('has a shape that is not a list of whole numbers');
  if (!areSizes(span) || span.length !== 2) throw broken('lacks the two offsets of its bytes');
  const [from, end] = span;
  const takes = sizeOf(shape) * bytesOf(type);
  if (end - from !== takes)
    throw broken(`of shape [${shape.join(', ')}] takes ${takes} bytes, but has those from ${from} to ${end}`);
  return { type, shape, from, end };
}

function checkedMetadata(metadata: unknown, broken: Broken): Record<string, string> {
  if (metadata === undefined) return {};
  if (isRecord(metadata) && Object.values(metadata).every((value) => typeof value === 'string'))
    return metadata as Record<string, string>;
  throw broken('its metadata are not texts by name');
}
