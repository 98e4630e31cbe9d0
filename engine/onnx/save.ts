import { create, toBinary } from '@bufbuild/protobuf';
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { EngineError } from '../errors';
import { identityOf } from '../regular-file';
import { toBytes } from '../tensor/tensor';
import { toHalves } from '../tensor/float16';
import { unwritten } from '../tensor/safetensors';
import { byteLength, isExternal, pointTo, readExternal, type Span, spanOf } from './external-data';
import type { Graph } from './graph';
import {
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from './proto/onnx_pb';
import { removeBatch } from './rewrites/add-batch';
import { flushedBytes, isFloats, withoutDenormals } from './rewrites/flush-denormals';
import { narrowHalves } from './rewrites/narrow-halves';
import { restoreIdentities } from './rewrites/restore-identities';
import { decodeTensor } from './tensor-proto';

/** Most bytes of weights within a model file: protobuf ends at 2 GiB, of which 64 MiB are left for the graph. */
export const weightLimit = 2 ** 31 - 2 ** 26;
/** Smaller tensors stay in the model: they include shapes, which ONNX Runtime reads before it opens the data file. */
const leastExternal = 1024;
/** Alignment of tensors in the data file, so that ONNX Runtime can map them into memory. */
const alignment = 4096;

/** Sums the bytes of all initializers, as they are in memory. */
export const weightBytes = (graph: Graph): number =>
  graph.model.graph!.initializer.reduce((sum, tensor) => sum + (byteLength(tensor) ?? 0), 0);

/** Tells if a graph is too large for one buffer, so that ONNX Runtime must be given the path of a saved model. */
export const needsFile = (graph: Graph): boolean => weightBytes(graph) > weightLimit;

/**
 * Serializes a graph to the bytes of one ONNX file, including weights from other files; float16 models as they compute
 * here, in 32-bit floats.
 * @throws EngineError `UnsupportedModel` if it exceeds protobuf's limit: see `needsFile`
 */
export function serializeModel(graph: Graph): Uint8Array {
  if (needsFile(graph)) {
    throw new EngineError(
      'UnsupportedModel',
      `the model's weights take ${weightBytes(graph)} bytes, too many for a model in memory: save it to a file`,
    );
  }
  return serialize(graph, graph.model.graph!.initializer.map(inlined));
}

/** Options for saving a model. */
export interface SaveOptions {
  /**
   * Writes weights to `<path>.data` next to the model. By default true if the model came that way, or if they exceed
   * protobuf's limit of 2 GiB.
   */
  readonly externalData?: boolean;
  /** Saves a model that came in float16 as float16 again (the default), rather than in 32-bit floats. */
  readonly narrow?: boolean;
  /** Syncs the files to disk before they get their names (the default), so that a power cut loses nothing. */
  readonly durable?: boolean;
  /** Finds a tensor whose bytes are already in a file of the target folder, which is then referred to. */
  readonly inPlace?: (tensor: TensorProto) => Span | undefined;
}

/**
 * Writes an ONNX file, preceded by `<path>.data` if its weights go there. Each is written to a temporary file and
 * renamed, so that nothing half-written is left.
 * @throws the file system's error
 */
export function saveModel(
  graph: Graph,
  path: string,
  { externalData, narrow = true, durable = true, inPlace }: SaveOptions = {},
): void {
  const data = dataFileOf(path);
  const [temporary, temporaryData] = [temporaryBeside(path), temporaryBeside(path)];
  const shared = restoreIdentities(withFixedInterface(graph));
  const { graph: saved, halves } = narrow
    ? narrowHalves(shared)
    : { graph: shared, halves: new Set<string>() };
  const beside = externalData ?? (graph.context.external || needsFile(graph));
  const bytesOf = (tensor: TensorProto) => rawBytes(tensor, halves.has(tensor.name));
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: 'EISDIR' });
    const own = saved.model.graph!.initializer;
    const retyped = (tensor: TensorProto) => (halves.has(tensor.name) ? DataType.FLOAT16 : tensor.dataType);
    if (!beside) {
      const whole = own.map((tensor) =>
        halves.has(tensor.name) || isExternal(tensor)
          ? copyOf(tensor, { dataType: retyped(tensor), rawData: bytesOf(tensor) })
          : withoutDenormals(tensor),
      );
      writeWhole(temporary, [serialize(saved, whole)], durable);
    } else {
      const there = new Map(own.map((tensor) => [tensor, inPlace?.(tensor)]));
      const rest = own.filter((tensor) => !there.get(tensor));
      const spans = writeWeights(temporaryData, rest, bytesOf, durable);
      const pointing = own.map((tensor) => {
        const lying = there.get(tensor);
        const span = lying ?? spans.get(tensor);
        if (!span)
          return copyOf(tensor, { dataType: retyped(tensor), rawData: bytesOf(tensor) ?? tensor.rawData });
        const externalData = pointTo({ ...span, path: basename(lying?.path ?? data) });
        return copyOf(tensor, { dataType: retyped(tensor), dataLocation: Location.EXTERNAL, externalData });
      });
      writeWhole(temporary, [serialize(saved, pointing)], durable);
      renameSync(temporaryData, data);
      follow(own, spans, resolve(data));
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    rmSync(temporaryData, { force: true });
    throw unwritten(path, error);
  }
}

/** A model whose batch was opened takes the one again that it was exported for. */
function withFixedInterface(graph: Graph): Graph {
  const { fixedInterface, unbatched } = graph.context;
  if (!fixedInterface) return graph;
  const copy = graph.clone();
  if (unbatched !== undefined) removeBatch(copy, unbatched);
  copy.setInterface(fixedInterface.input, fixedInterface.output);
  return copy;
}

/** A name next to `path` that nobody can foresee, and that is no longer than file names may be. */
const temporaryBeside = (path: string): string => join(dirname(path), `.${randomUUID()}.slimflow.tmp`);

const dataFileOf = (path: string) => `${path}.data`;

/** Lists the files that `saveModel` may write for a model. */
export const possibleFiles = (path: string): string[] => [path, dataFileOf(path)];

/** Lists the files that `saveModel` wrote to a folder that had been empty: the model, and its data file if it has one. */
export const savedFiles = (path: string): string[] => possibleFiles(path).filter((file) => existsSync(file));

/** Copies a tensor with its bytes inside. */
export const inlined = (tensor: TensorProto): TensorProto =>
  isExternal(tensor) ? copyOf(tensor, { rawData: readExternal(tensor) }) : tensor;

type Fields = Partial<Pick<TensorProto, 'dataType' | 'rawData' | 'dataLocation' | 'externalData'>>;

/** Makes a tensor of the same name and shape whose bytes are stored elsewhere. */
const copyOf = (
  { name, dims, dataType, docString, metadataProps, stringData }: TensorProto,
  fields: Fields,
) => create(TensorProtoSchema, { name, dims, dataType, docString, metadataProps, stringData, ...fields });

/** Returns a tensor's little-endian bytes, as halves if requested and without denormals; undefined for strings. */
function rawBytes(tensor: TensorProto, half: boolean): Uint8Array | undefined {
  if (half)
    return toBytes({ type: 'float16', dims: [], data: toHalves(decodeTensor(tensor)!.data as Float32Array) });
  const bytes = storedBytes(tensor);
  return bytes && isFloats(tensor) ? flushedBytes(bytes) : bytes;
}

function storedBytes(tensor: TensorProto): Uint8Array | undefined {
  if (isExternal(tensor)) return readExternal(tensor);
  if (tensor.rawData?.length) return tensor.rawData;
  const decoded = decodeTensor(tensor);
  return decoded && toBytes(decoded);
}

/**
 * Writes the large tensors one after another.
 * @returns the position of each in the file
 */
function writeWeights(
  path: string,
  tensors: readonly TensorProto[],
  bytesOf: (tensor: TensorProto) => Uint8Array | undefined,
  durable: boolean,
): Map<TensorProto, Span> {
  const spans = new Map<TensorProto, Span>();
  let end = 0;
  function* chunks() {
    for (const tensor of tensors) {
      if ((byteLength(tensor) ?? 0) < leastExternal) continue;
      const bytes = bytesOf(tensor);
      if (!bytes) continue;
      const offset = Math.ceil(end / alignment) * alignment;
      yield new Uint8Array(offset - end);
      yield bytes;
      spans.set(tensor, { path, offset, length: bytes.length });
      end = offset + bytes.length;
    }
  }
  writeWhole(path, chunks(), durable);
  return spans;
}

/** Writes `chunks`; if they must be durable, syncs them before anything is renamed. */
function writeWhole(path: string, chunks: Iterable<Uint8Array>, durable: boolean): void {
  // Whatever is there already is somebody else's, and a link may lead anywhere.
  const file = openSync(path, 'wx');
  try {
    for (const bytes of chunks) {
      for (let done = 0; done < bytes.length;)
        done += writeSync(file, bytes, done, Math.min(bytes.length - done, 2 ** 30));
    }
    if (durable) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Points weights to their new places if a model is saved over the file they were read from. */
function follow(tensors: readonly TensorProto[], spans: ReadonlyMap<TensorProto, Span>, path: string): void {
  const identity = identityOf(statSync(path, { bigint: true }));
  for (const tensor of tensors) {
    const span = spans.get(tensor);
    if (span && isExternal(tensor) && spanOf(tensor).path === path)
      tensor.externalData = pointTo({ ...span, path, identity });
  }
}

/** Serializes a graph with `initializers` in place of its own. */
function serialize({ model }: Graph, initializers: TensorProto[]): Uint8Array {
  const proto = model.graph!;
  const own = proto.initializer;
  proto.initializer = initializers;
  try {
    return toBinary(ModelProtoSchema, model);
  } finally {
    proto.initializer = own;
  }
}
