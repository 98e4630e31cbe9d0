import { create, toBinary } from '@bufbuild/protobuf';

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { inlined, saveModel, serializeModel } from '../onnx/model';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from '../onnx/proto/onnx_pb';
import { decodeTensor, typeOf } from '../onnx/tensor-proto';
import { bytesOf, sizeOf, toBytes } from '../tensor/tensor';

/** A model as ONNX Runtime takes it: the ONNX file's bytes or path, and the contents of the data files that it refers to. */
export interface RuntimeModel {
  readonly model: Uint8Array | string;
  readonly externalData: readonly { readonly path: string; readonly data: Uint8Array }[];
  /** Removes what was written to disk; to be called once ONNX Runtime has opened the model. */
  readonly remove: () => void;
}

/** A model that is there as bytes. */
export const inMemory = (
  model: Uint8Array,
  externalData: RuntimeModel['externalData'] = [],
): RuntimeModel => ({ model, externalData, remove: () => undefined });

/** Bytes of weights beyond which a model no longer travels as one message; protobuf ends at 2 GiB. */
const wholeUpTo = 2 ** 30;
/** Bytes from which a tensor of such a model is handed over beside the message: shapes stay in it. */
const besideFrom = 2 ** 10;

/** Bytes up to which ONNX Runtime 1.30 takes a single tensor from memory, as it embeds it in a message there. */
const tensorUpTo = 2 ** 31 - 1;

/** Bytes of an initializer's elements; 0 for types that are carried through unread. */
export function weightBytes({ dataType, dims }: TensorProto): number {
  const type = typeOf(dataType ?? 0);
  return type ? sizeOf(dims.map(Number)) * bytesOf(type) : 0;
}

/** From how many bytes on a model is handed over otherwise. */
export interface HandOver {
  /** All weights that a message may hold. */
  readonly whole?: number;
  /** A single tensor that may come from memory. */
  readonly tensor?: number;
  /** Where a file is written, in a folder of its own; by default the system's temporary folder. */
  readonly folder?: string;
}

/**
 * The form in which a graph is handed to ONNX Runtime. One whose weights do not fit into a protobuf message refers to
 * them as external data, which ONNX Runtime takes from memory: nothing is written to disk. The memory must stay as it
 * is while the session lives. One with a tensor too large for that goes by a file in the temporary folder, which ONNX
 * Runtime maps into memory and which can be removed as soon as it has.
 * @throws EngineError `InvalidSettings` when the temporary folder has no room
 */
export function runtimeModel(
  graph: Graph,
  { whole = wholeUpTo, tensor = tensorUpTo, folder = tmpdir() }: HandOver = {},
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
  let folder: string | undefined;
  const remove = () => folder !== undefined && rmSync(folder, { recursive: true, force: true });
  try {
    folder = mkdtempSync(join(parent, 'slimflow-model-'));
    const model = join(folder, 'model.onnx');
    saveModel(graph, model, { externalData: true, narrow: false });
    return { model, externalData: [], remove };
  } catch (error) {
    remove();
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      'InvalidSettings',
      `a model with a tensor of 2 GB or more is run from the folder ${parent}, which cannot take it ` +
        `(${(error as Error).message}): set TMPDIR to a folder that can`,
      { cause: error },
    );
  }
}
