import { create } from '@bufbuild/protobuf';
import { type BigIntStats, closeSync, realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';

import { EngineError } from '../errors';
import { identityOf, openRegularSync, readFully } from '../regular-file';
import { limits } from '../tensor/limits';
import { visible } from '../visible';
import {
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
} from './proto/onnx_pb';
import { ownLinks } from './weight-links';

/*
 * Weights in files next to the model (ONNX's "external data"). While a model is in memory its tensors name their file
 * by absolute path, so that copies and parts of the graph are self-contained; their bytes are read on demand.
 */

/** Bytes within a file. */
export interface Span {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
  /** The file (`identityOf`), for as long as its model is in memory: one that was changed or replaced is not read. */
  readonly identity?: string;
}

/** Tells if a tensor's bytes are in another file. */
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

/** Returns the bytes that a tensor's elements take, by its type and shape; undefined for strings. */
export function byteLength(proto: TensorProto): number | undefined {
  const width = bits.get(proto.dataType ?? 0);
  return width && Math.ceil((proto.dims.reduce((size, dim) => size * Number(dim), 1) * width) / 8);
}

const field = (proto: TensorProto, key: string): string | undefined =>
  proto.externalData.find((entry) => entry.key === key)?.value;

/** Returns the name that a model has for the file of a tensor. */
export const locationOf = (proto: TensorProto): string | undefined => field(proto, 'location');

const refused = (proto: TensorProto, why: string, cause?: unknown): EngineError =>
  new EngineError('InvalidModel', `weights of ${proto.name || 'a tensor'}: ${why}`, { cause });

/**
 * Checks where an external tensor's bytes are, and makes it name its file by absolute path.
 * @param folder the model's folder, which the file must not leave; undefined if the model came as bytes
 * @throws EngineError `InvalidModel` if the file is missing, too short, or elsewhere
 */
export function resolveExternal(proto: TensorProto, folder: string | undefined): void {
  const location = field(proto, 'location');
  if (!folder) throw refused(proto, 'they are in a separate file; open the model by its path');
  if (!location) throw refused(proto, 'the model does not say which file holds them');
  if (location.includes('\0')) throw refused(proto, `${visible(location)} is not a file's name`);
  if (isAbsolute(location) || /^([a-z]:|[\\/])/i.test(location)) {
    throw refused(proto, `${location} is an absolute path; weights must be in the model's folder`);
  }
  const path = resolve(folder, location);
  if (leaves(folder, path)) throw refused(proto, `${location} is outside the model's folder ${folder}`);
  let status: BigIntStats;
  try {
    const real = realpathSync(path);
    if (leaves(realpathSync(folder), real))
      throw refused(proto, `${location} is a link to outside the model's folder ${folder}`);
    const opened = openRegularSync(real, { follow: false });
    closeSync(opened.file);
    ({ status } = opened);
    if (Number(status.nlink) > 1 + ownLinks(status))
      throw refused(
        proto,
        `${location} is a hard link to a file that has another name too, maybe outside the model's folder; put a copy in its place`,
      );
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw refused(proto, `${path} cannot be read: ${(error as Error).message}`, error);
  }
  const needed = byteLength(proto);
  const { dataType: type = 0 } = proto;
  if (needed === undefined)
    throw refused(proto, `values of type ${DataType[type] ?? type} can't be in a separate file`);
  const offset = count(proto, 'offset') ?? 0;
  const length = count(proto, 'length') ?? needed;
  if (length !== needed || !Number.isSafeInteger(needed) || needed < 0)
    throw refused(
      proto,
      `shape [${proto.dims.join(', ')}] takes ${needed} bytes, but the model refers to ${length} bytes of ${location}`,
    );
  if (offset + length > Number(status.size)) {
    throw refused(
      proto,
      `${path} is cut short: it has ${status.size} bytes of at least ${offset + length}; copy it again with its model`,
    );
  }
  proto.externalData = pointTo({ path, offset, length, identity: identityOf(status) });
}

function leaves(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
}

function count(proto: TensorProto, key: string): number | undefined {
  const text = field(proto, key);
  if (!text) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw refused(proto, `their ${key} ${text} is invalid`);
  return value;
}

/** Makes the entries by which a tensor refers to bytes of a file; the path is written to the model as given. */
export const pointTo = ({ path, offset, length, identity }: Span) =>
  Object.entries({ location: path, offset, length, identity }).flatMap(([key, value]) =>
    value === undefined ? [] : [create(StringStringEntryProtoSchema, { key, value: String(value) })],
  );

/** Returns the span of a resolved external tensor. */
export const spanOf = (proto: TensorProto): Span => ({
  path: field(proto, 'location') ?? '',
  offset: Number(field(proto, 'offset') ?? 0),
  length: Number(field(proto, 'length') ?? 0),
  identity: field(proto, 'identity'),
});

/** Tells if a tensor is in a file and so large that rereading it is better than keeping it. */
export const isReread = (proto: TensorProto): boolean =>
  isExternal(proto) && spanOf(proto).length >= limits.reread;

/** Bytes read of large tensors, for as long as somebody holds them. */
const held = new WeakMap<TensorProto, WeakRef<ArrayBuffer>>();

/**
 * Reads the bytes of a resolved external tensor. Others may share them: they must not be changed.
 * @throws EngineError `InvalidModel` if they are gone
 */
export function readExternal(proto: TensorProto): Uint8Array {
  const { path, offset, length, identity } = spanOf(proto);
  try {
    const { file, status } = openRegularSync(path);
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      if (identityOf(status) !== identity) throw new Error('it was changed after the model was opened');
      const known = held.get(proto)?.deref();
      if (known) return new Uint8Array(known);
      bytes = new Uint8Array(length);
      readFully(file, bytes, offset);
    } finally {
      closeSync(file);
    }
    if (isReread(proto)) held.set(proto, new WeakRef(bytes.buffer));
    return bytes;
  } catch (error) {
    throw refused(proto, `${path} can no longer be read: ${(error as Error).message}`, error);
  }
}
