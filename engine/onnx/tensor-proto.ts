import { create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import { bytesOf, type ElementType, fromBytes, sizeOf, type Tensor, toBytes } from '../tensor/tensor';
import {
  TensorProto_DataLocation,
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

/** ONNX's code for an element type, and back (undefined for types that Slimflow carries through unread). */
export const codeOf = (type: ElementType): number => codes.get(type)!;
export const typeOf = (code: number): ElementType | undefined => types.get(code);

/** The values of a TensorProto, from whichever of its fields holds them; undefined for a type not in the table. */
export function decodeTensor(proto: TensorProto): Tensor | undefined {
  const type = typeOf(proto.dataType ?? 0);
  const dims = proto.dims.map(Number);
  if (!type) return undefined;
  if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
    throw new EngineError(
      'UnsupportedModel',
      `initializer ${proto.name} lies in an external data file, which was not read`,
    );
  }
  try {
    if (proto.rawData?.length) return fromBytes(type, dims, proto.rawData);
    const empty = fromBytes(type, dims, new Uint8Array(sizeOf(dims) * bytesOf(type)));
    const values = typedField(proto, type);
    if (values.length !== empty.data.length)
      throw new RangeError(`${values.length} values for shape [${dims.join(', ')}]`);
    empty.data.set(values as never);
    return empty;
  } catch (error) {
    throw new EngineError(
      'InvalidModel',
      `initializer ${proto.name} is broken: ${(error as Error).message}`,
      { cause: error },
    );
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

/** A TensorProto named `name` with the tensor's raw bytes. */
export function encodeTensor(name: string, tensor: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: codeOf(tensor.type),
    dims: tensor.dims.map(BigInt),
    rawData: toBytes(tensor),
  });
}
