import { create, toBinary } from '@bufbuild/protobuf';
import { tmpdir } from 'node:os';

import type { Graph } from '../onnx/graph';
import { inlined, serializeModel } from '../onnx/model';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../onnx/proto/onnx_pb';
import { decodeTensor, typeOf } from '../onnx/tensor-proto';
import { limits } from '../tensor/limits';
import { bytesOf, sizeOf, toBytes } from '../tensor/tensor';
import { temporaryModel } from './temporary-model';

/** A model as ONNX Runtime takes it: the ONNX file's bytes or path, and the contents of the data files it refers to. */
export interface RuntimeModel {
  readonly model: Uint8Array | string;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Removes temporary files; call it once ONNX Runtime has opened the model. */
  readonly remove: () => void;
}

/** Wraps a model given as bytes, or by its path. */
export const inMemory = (
  model: Uint8Array | string,
  externalData: RuntimeModel['externalData'] = [],
): RuntimeModel => ({ model, externalData, remove: () => undefined });

/** Bytes from which a tensor of a large model is passed outside the message; smaller ones, such as shapes, stay in it. */
const besideFrom = 2 ** 10;

/** Bytes of an initializer's elements; 0 for types that Slimflow only carries through. */
export function weightBytes({ dataType, dims }: TensorProto): number {
  const type = typeOf(dataType ?? 0);
  return type ? sizeOf(dims.map(Number)) * bytesOf(type) : 0;
}

/** Sizes in bytes that decide how a model is passed to ONNX Runtime. */
export interface HandOver {
  /** Most bytes of all weights in one message. */
  readonly whole?: number;
  /** Most bytes of a single tensor passed from memory. */
  readonly tensor?: number;
  /** Folder in which a temporary folder is made for files; the system's by default. */
  readonly folder?: string;
}

/**
 * Puts a graph into the form that ONNX Runtime takes. If its weights do not fit a protobuf message, they become
 * external data that ONNX Runtime reads from memory: nothing is written to disk, and the memory must not change while
 * the session lives. If a tensor is too large even for that, the model is written to a temporary file, which ONNX
 * Runtime maps into memory and which can be removed right after.
 * @throws EngineError `InvalidSettings` if the temporary folder has no room
 */
export function runtimeModel(
  graph: Graph,
  { whole = limits.message, tensor = limits.tensor, folder = tmpdir() }: HandOver = {},
): RuntimeModel {
  const { graph: proto, ...rest } = graph.model;
  const total = proto!.initializer.reduce((sum, one) => sum + weightBytes(one), 0);
  if (proto!.initializer.some((one) => weightBytes(one) > tensor)) return onDisk(graph, folder);
  if (total <= whole) return inMemory(serializeModel(graph));
  const externalData: { path: string; data: Uint8Array }[] = [];
  const beside = (initializer: TensorProto): TensorProto => {
    if (weightBytes(initializer) < besideFrom) return inlined(initializer);
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
  return inMemory(toBinary(ModelProtoSchema, model), externalData);
}

function onDisk(graph: Graph, parent: string): RuntimeModel {
  const { path, remove } = temporaryModel(graph, parent);
  return { model: path, externalData: [], remove };
}
