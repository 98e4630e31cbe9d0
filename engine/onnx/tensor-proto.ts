import { create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import { bytesOf, type ElementType, fromBytes, sizeOf, type Tensor, toBytes } from '../tensor/tensor';
import { isExternal, readExternal } from './external-data';
import {
  type SparseTensorProto,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataType as DataType,
} from './proto/onnx_pb';

const types = new Map<number, ElementType>([
  [DataType.FLOAT, 'float32'],
  [DataType.DOUBLE, 'float64'],
  [DataType.FLOAT16, 'float16'],
  [DataType.INT8, 'int8'],
  [DataType.UINT8, 'uint8'],
  [DataType.INT16, 'int16'],
  [DataType.UINT16, 'uint16'],
  [DataType.INT32, 'int32'],
  [DataType.UINT32, 'uint32'],
  [DataType.INT64, 'int64'],
  [DataType.UINT64, 'uint64'],
  [DataType.BOOL, 'bool'],
]);
const codes = new Map([...types].map(([code, type]) => [type, code]));

/** Returns ONNX's code for an element type. */
export const codeOf = (type: ElementType): number => codes.get(type)!;
/** Returns the element type of an ONNX code; undefined for types that Slimflow carries through unread. */
export const typeOf = (code: number): ElementType | undefined => types.get(code);

/** Returns ONNX's own name of an element type, for messages: `BFLOAT16`. */
export const typeName = (code: number): string => DataType[code] ?? `type ${code}`;

const broken = (name: string, why: string, cause?: unknown): EngineError =>
  new EngineError('InvalidModel', `initializer ${name} is broken: ${why}`, { cause });

/**
 * Returns the shape of a TensorProto.
 * @throws EngineError `InvalidModel` if a dimension is negative or absurdly large
 */
export function dimsOf(proto: TensorProto): number[] {
  const dims = proto.dims.map(Number);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(sizeOf(dims)))
    throw broken(proto.name, `its shape [${dims.join(', ')}] is invalid`);
  return dims;
}

/**
 * Decodes the values of a TensorProto, from whichever of its fields, or the external file, holds them; undefined for a
 * type not in the table.
 * @throws EngineError `InvalidModel` if the number of values does not match the shape, or the file has changed
 */
export function decodeTensor(proto: TensorProto): Tensor | undefined {
  const type = typeOf(proto.dataType ?? 0);
  if (!type) return undefined;
  const dims = dimsOf(proto);
  try {
    if (isExternal(proto)) return fromBytes(type, dims, readExternal(proto));
    if (proto.rawData?.length) return fromBytes(type, dims, proto.rawData);
    const values = typedField(proto, type);
    if (values.length !== sizeOf(dims))
      throw new RangeError(`it has ${values.length} values, which do not fit its shape [${dims.join(', ')}]`);
    const tensor = fromBytes(type, dims, new Uint8Array(values.length * bytesOf(type)));
    tensor.data.set(values as never);
    return tensor;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw broken(proto.name, (error as Error).message, error);
  }
}

function typedField(proto: TensorProto, type: ElementType): ArrayLike<number> | ArrayLike<bigint> {
  if (type === 'float32') return proto.floatData;
  if (type === 'float64') return proto.doubleData;
  if (type === 'int64') return proto.int64Data;
  if (type === 'uint64') return proto.uint64Data;
  if (type === 'uint32') return proto.uint64Data.map(Number);
  return proto.int32Data;
}

/** Encodes a tensor as a TensorProto named `name`, with its raw bytes. */
export function encodeTensor(name: string, tensor: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: codeOf(tensor.type),
    dims: tensor.dims.map(BigInt),
    rawData: toBytes(tensor),
  });
}

/** Most bytes that a sparse tensor may take when it is expanded: its file, however small, can ask for any number. */
const mostDense = 2 ** 28;

/**
 * Expands a sparse tensor, whose indices are [NNZ] into the flattened tensor or [NNZ, rank]; undefined for element
 * types that Slimflow does not read.
 * @throws EngineError `InvalidModel` if indices and values do not fit each other
 */
export function densify({ values, indices, dims: sizes }: SparseTensorProto): Tensor | undefined {
  const name = values?.name ?? 'sparse';
  const [data, places] = [values && decodeTensor(values), indices && decodeTensor(indices)];
  const dims = sizes.map(Number);
  const size = sizeOf(dims);
  if (!values || !indices) throw broken(name, 'a sparse tensor needs both values and indices');
  if (!data || places?.type !== 'int64') return undefined;
  const rank = places.dims.length === 2 ? dims.length : 1;
  if (!(size * bytesOf(data.type) <= mostDense) || dims.some((dim) => dim < 0))
    throw broken(
      name,
      `its shape [${dims.join(', ')}] takes more than ${mostDense} bytes: export it as a dense tensor`,
    );
  if (places.data.length !== data.data.length * rank)
    throw broken(name, `it has ${places.data.length} indices for ${data.data.length} values of rank ${rank}`);
  const dense = fromBytes(data.type, dims, new Uint8Array(size * bytesOf(data.type)));
  for (let at = 0; at < data.data.length; at++) {
    let flat = 0;
    for (let axis = 0; axis < rank; axis++)
      flat = flat * (rank > 1 ? dims[axis] : 1) + Number(places.data[at * rank + axis]);
    if (flat < 0 || flat >= size)
      throw broken(name, `index ${flat} is outside its shape [${dims.join(', ')}]`);
    dense.data[flat] = data.data[at];
  }
  return dense;
}
