import { create, toBinary } from '@bufbuild/protobuf';

import type { Graph } from '../onnx/graph';
import { serializeModel } from '../onnx/model';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../onnx/proto/onnx_pb';
import { decodeTensor, typeOf } from '../onnx/tensor-proto';
import { bytesOf, sizeOf, toBytes } from '../tensor/tensor';

/** A model as ONNX Runtime takes it: the ONNX file's bytes, and the contents of the data files that it refers to. */
export interface RuntimeModel {
  readonly bytes: Uint8Array;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** Bytes of weights beyond which a model no longer travels as one message; protobuf ends at 2 GiB. */
const wholeUpTo = 2 ** 30;
/** Bytes from which a tensor of such a model is handed over beside the message: shapes stay in it. */
const besideFrom = 2 ** 10;

/** Bytes of an initializer's elements; 0 for types that are carried through unread. */
export function weightBytes({ dataType, dims }: TensorProto): number {
  const type = typeOf(dataType ?? 0);
  return type ? sizeOf(dims.map(Number)) * bytesOf(type) : 0;
}

/**
 * The form in which a graph is handed to ONNX Runtime. One whose weights do not fit into a protobuf message refers to
 * them as external data, which ONNX Runtime takes from memory: nothing is written to disk. The memory must stay as it
 * is while the session lives.
 */
export function runtimeModel(graph: Graph, limit = wholeUpTo): RuntimeModel {
  const { graph: proto, ...rest } = graph.model;
  const total = proto!.initializer.reduce((sum, tensor) => sum + weightBytes(tensor), 0);
  if (total <= limit) return { bytes: serializeModel(graph), externalData: [] };
  const externalData: { path: string; data: Uint8Array }[] = [];
  const beside = (initializer: TensorProto): TensorProto => {
    if (weightBytes(initializer) < besideFrom) return initializer;
    const { name, dataType, dims, rawData } = initializer;
    const data = rawData?.length ? rawData : toBytes(decodeTensor(initializer)!);
    const path = `initializer-${externalData.length}`;
    externalData.push({ path, data });
    const entries = { location: path, offset: '0', length: String(data.length) };
    return create(TensorProtoSchema, {
      name,
      dataType,
      dims,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
    });
  };
  const model = create(ModelProtoSchema, {
    ...rest,
    graph: create(GraphProtoSchema, { ...proto!, initializer: proto!.initializer.map(beside) }),
  });
  return { bytes: toBinary(ModelProtoSchema, model), externalData };
}
