import { randomUUID } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { EngineError } from '../errors';
import { readRegularSync } from '../regular-file';
import { type ElementType, fromBytes, type Tensor, toBytes } from './tensor';

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

/** Entries by tensor name, plus the file's own notes under one reserved name. */
interface Header {
  readonly __metadata__?: Record<string, string>;
  readonly [name: string]: Entry | Record<string, string> | undefined;
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
  try {
    const bytes = readRegularSync(path, 2 ** 31 - 1);
    const length = Number(bytes.readBigUInt64LE(0));
    const { __metadata__: metadata, ...entries } = JSON.parse(
      bytes.toString('utf8', 8, 8 + length),
    ) as Header;
    const tensors = new Map<string, Tensor>();
    for (const [name, { dtype, shape, data_offsets: span }] of Object.entries(
      entries as Record<string, Entry>,
    )) {
      const type = types.get(dtype);
      if (!type) throw new RangeError(`tensor ${name} has unknown element type ${dtype}`);
      tensors.set(name, fromBytes(type, shape, bytes.subarray(8 + length + span[0], 8 + length + span[1])));
    }
    return { tensors, metadata: metadata ?? {} };
  } catch (error) {
    throw new EngineError(
      'InvalidData',
      `${path} is not a complete safetensors file: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
