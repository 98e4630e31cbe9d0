import { create } from '@bufbuild/protobuf';
import { closeSync, openSync, readSync, realpathSync, type Stats, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

import { EngineError } from '../errors';
import {
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
} from './proto/onnx_pb';

/*
 * Weights in files beside the model (ONNX's "external data"). While a model is in memory its tensors name their file by
 * its absolute path, so that copies and parts of the graph stand on their own; their bytes are read when somebody asks.
 */

/** Bytes within a file. */
export interface Span {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** When the file was last written, in ms, as long as its model is in memory: what changed since is not read. */
  readonly modified?: number;
}

export const isExternal = (proto: TensorProto): boolean => proto.dataLocation === Location.EXTERNAL;

const bits = new Map<number, number>([
  ...[DataType.FLOAT, DataType.INT32, DataType.UINT32].map((type) => [type, 32] as const),
  ...[DataType.DOUBLE, DataType.INT64, DataType.UINT64, DataType.COMPLEX64].map((t) => [t, 64] as const),
  ...[DataType.FLOAT16, DataType.BFLOAT16, DataType.INT16, DataType.UINT16].map((t) => [t, 16] as const),
  ...[DataType.INT8, DataType.UINT8, DataType.BOOL, DataType.FLOAT8E4M3FN].map((t) => [t, 8] as const),
  ...[DataType.FLOAT8E4M3FNUZ, DataType.FLOAT8E5M2, DataType.FLOAT8E5M2FNUZ].map((t) => [t, 8] as const),
  ...[DataType.FLOAT8E8M0].map((t) => [t, 8] as const),
  ...[DataType.INT4, DataType.UINT4, DataType.FLOAT4E2M1].map((t) => [t, 4] as const),
  ...[DataType.INT2, DataType.UINT2].map((t) => [t, 2] as const),
  ...[DataType.FLOAT6E2M3, DataType.FLOAT6E3M2].map((t) => [t, 6] as const),
  [DataType.COMPLEX128, 128],
]);

/** Bytes that a tensor's elements take, read off its type and shape; undefined for strings. */
export function byteLength(proto: TensorProto): number | undefined {
  const width = bits.get(proto.dataType ?? 0);
  return width && Math.ceil((proto.dims.reduce((size, dim) => size * Number(dim), 1) * width) / 8);
}

const field = (proto: TensorProto, key: string): string | undefined =>
  proto.externalData.find((entry) => entry.key === key)?.value;

const refused = (proto: TensorProto, why: string, cause?: unknown): EngineError =>
  new EngineError('InvalidModel', `weights of ${proto.name || 'a tensor'}: ${why}`, { cause });

/**
 * Checks where the bytes of an external tensor lie, and has it name its file by an absolute path.
 * @param folder the model's folder, which the file must not leave; undefined where the model came as bytes.
 * @throws EngineError `InvalidModel` where the file is missing, too short, or lies elsewhere.
 */
export function resolveExternal(proto: TensorProto, folder: string | undefined): void {
  const location = field(proto, 'location');
  if (!folder) throw refused(proto, 'they lie in a file of their own; open the model by its path');
  if (!location) throw refused(proto, 'the model does not say in which file they lie');
  if (isAbsolute(location) || /^([a-z]:|[\\/])/i.test(location)) {
    throw refused(proto, `${location} is an absolute path; weights must lie in the model's folder`);
  }
  const path = resolve(folder, location);
  if (leaves(folder, path)) throw refused(proto, `${location} leaves the model's folder ${folder}`);
  let status: Stats;
  try {
    if (leaves(realpathSync(folder), realpathSync(path)))
      throw refused(proto, `${location} is a link that leaves the model's folder ${folder}`);
    status = statSync(path);
    if (!status.isFile()) throw refused(proto, `${location} is not a file`);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw refused(proto, `${path} cannot be read: ${(error as Error).message}`, error);
  }
  const needed = byteLength(proto);
  const offset = count(proto, 'offset') ?? 0;
  const length = count(proto, 'length') ?? needed;
  if (needed === undefined || length !== needed || !Number.isSafeInteger(needed) || needed < 0)
    throw refused(
      proto,
      `${length} bytes of ${location} for shape [${proto.dims.join(', ')}], which takes ${needed}`,
    );
  if (offset + length > status.size) {
    throw refused(
      proto,
      `${path} is cut short: ${status.size} bytes of at least ${offset + length}; copy it again with its model`,
    );
  }
  proto.externalData = pointTo({ path, offset, length, modified: status.mtimeMs });
}

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function count(proto: TensorProto, key: string): number | undefined {
  const text = field(proto, key);
  if (!text) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw refused(proto, `their ${key} is ${text}`);
  return value;
}

/** The entries by which a tensor points to bytes of a file; the path as it shall stand in the model. */
export const pointTo = ({ path, offset, length, modified }: Span) =>
  Object.entries({ location: path, offset, length, modified }).flatMap(([key, value]) =>
    value === undefined ? [] : [create(StringStringEntryProtoSchema, { key, value: String(value) })],
  );

/** Where the bytes of a resolved external tensor lie. */
export const spanOf = (proto: TensorProto): Span => ({
  path: field(proto, 'location') ?? '',
  offset: Number(field(proto, 'offset') ?? 0),
  length: Number(field(proto, 'length') ?? 0),
  modified: Number(field(proto, 'modified')),
});

/** Bytes from which a tensor of a file is not kept by those who read it: reading it again costs less than the memory. */
const rereadFrom = 2 ** 26;

/** Whether a tensor lies in a file and is so large that it is better read again than kept. */
export const isReread = (proto: TensorProto): boolean =>
  isExternal(proto) && spanOf(proto).length >= rereadFrom;

/** What was read of large tensors, as long as somebody holds it. */
const held = new WeakMap<TensorProto, WeakRef<ArrayBuffer>>();

/**
 * The bytes of a resolved external tensor, which others may be looking at: they must not be changed.
 * @throws EngineError `InvalidModel` when they are gone.
 */
export function readExternal(proto: TensorProto): Uint8Array {
  const { path, offset, length, modified } = spanOf(proto);
  try {
    if (statSync(path).mtimeMs !== modified) throw new Error('it was written since the model was opened');
    const known = held.get(proto)?.deref();
    if (known) return new Uint8Array(known);
    const bytes = new Uint8Array(length);
    const file = openSync(path, 'r');
    try {
      for (let done = 0; done < length;) {
        // A single read takes at most 2 GiB.
        const got = readSync(file, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
        if (!got) throw new Error(`it ends after ${offset + done} bytes`);
        done += got;
      }
    } finally {
      closeSync(file);
    }
    if (isReread(proto)) held.set(proto, new WeakRef(bytes.buffer));
    return bytes;
  } catch (error) {
    throw refused(proto, `${path} can no longer be read: ${(error as Error).message}`, error);
  }
}
