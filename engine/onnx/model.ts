import { fromBinary } from '@bufbuild/protobuf';
import { dirname } from 'node:path';

import { EngineError } from '../errors';
import { readRegularSync } from '../regular-file';
import { checkNotQuantized, checkOpset, checkValues, sortNodes } from './check';
import { isExternal, readExternal } from './external-data';
import { Graph } from './graph';
import { mostModelBytes, resolveAll } from './model-files';
import { type ModelProto, ModelProtoSchema, TensorProto_DataLocation as Location } from './proto/onnx_pb';
import { densify } from './tensor-proto';
import { allTensors, graphsOf } from './walk';

export { modelFiles } from './model-files';
export {
  inlined,
  needsFile,
  possibleFiles,
  saveModel,
  type SaveOptions,
  savedFiles,
  serializeModel,
  weightBytes,
  weightLimit,
} from './save';
export { newestOpset, oldestOpset } from './check';

/**
 * Reads an ONNX file. Weights in separate files are checked now and read on demand.
 * @throws EngineError `InvalidModel` if the file is missing, cut short, or not an ONNX model; `UnsupportedModel` if its
 * opset is too old or too new, or it is quantized
 */
export function loadModel(path: string): Graph {
  let bytes: Uint8Array;
  try {
    bytes = readRegularSync(path, mostModelBytes);
  } catch (error) {
    throw new EngineError('InvalidModel', `model ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return parseModel(bytes, path, dirname(path));
}

/**
 * Parses the bytes of an ONNX file. Messages use `name`; `folder` is where its weights' files may be.
 * @throws EngineError as `loadModel`
 */
export function parseModel(bytes: Uint8Array, name = 'model', folder?: string): Graph {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new EngineError(
      'InvalidModel',
      `model ${name} is not an ONNX file, or is cut short; export it again`,
      {
        cause: error,
      },
    );
  }
  if (!model.graph?.node.length || !model.opsetImport.length) {
    throw new EngineError(
      'InvalidModel',
      `model ${name} is not an ONNX model: it has no ${model.graph?.node.length ? 'opset' : 'nodes'}`,
    );
  }
  normalizeDomains(model);
  openNegativeDimensions(model);
  const dataFiles = resolveAll(model, folder);
  const external = takeIn(model);
  densifyAll(model);
  const graph = new Graph(model, { external, dataFiles, notes: [] });
  checkOpset(graph, name);
  checkNotQuantized(graph, name);
  checkValues(graph, name);
  sortNodes(graph, name);
  return graph;
}

/** Spells ONNX's own domain, which has two spellings, as the empty one. */
function normalizeDomains(model: ModelProto): void {
  const nodes = [
    ...[...graphsOf(model.graph!)].flatMap(({ node }) => node),
    ...model.functions.flatMap(({ node }) => node),
  ];
  const imports = [...model.opsetImport, ...model.functions.flatMap(({ opsetImport }) => opsetImport)];
  for (const holder of [...nodes, ...imports]) if (holder.domain === 'ai.onnx') holder.domain = '';
}

/** Opens dimensions of -1, which older converters write and ONNX Runtime accepts, but other readers do not. */
function openNegativeDimensions({ graph }: ModelProto): void {
  for (const { input, output, valueInfo } of graphsOf(graph!)) {
    for (const { type } of [...input, ...output, ...valueInfo]) {
      if (type?.value.case !== 'tensorType') continue;
      for (const dim of type.value.value.shape?.dim ?? [])
        if (dim.value.case === 'dimValue' && dim.value.value < 0n) dim.value = { case: undefined };
    }
  }
}

/**
 * Reads the weights in files that attributes hold.
 * @returns true if there are others: initializers
 */
function takeIn(model: ModelProto): boolean {
  const initializers = new Set(model.graph!.initializer);
  let external = false;
  for (const tensor of allTensors(model)) {
    if (!isExternal(tensor)) continue;
    if (initializers.has(tensor)) external = true;
    else {
      tensor.rawData = readExternal(tensor);
      tensor.dataLocation = Location.DEFAULT;
      tensor.externalData = [];
    }
  }
  return external;
}

/** Most bytes that all sparse initializers together may take when they are expanded. */
const mostDense = 2 ** 29;

function densifyAll({ graph }: ModelProto): void {
  const dense = new Graph({ graph } as ModelProto);
  let bytes = 0;
  for (const sparse of graph!.sparseInitializer) {
    const tensor = densify(sparse);
    const name = sparse.values?.name;
    bytes += tensor?.data.byteLength ?? 0;
    if (bytes > mostDense)
      throw new EngineError(
        'UnsupportedModel',
        `sparse initializers up to ${name ?? '?'} take more than ${mostDense} bytes: export them as dense tensors`,
      );
    if (!tensor || !name) {
      throw new EngineError(
        'UnsupportedModel',
        `sparse initializer ${name ?? '?'} has a type that Slimflow does not read: export it as a dense tensor`,
      );
    }
    dense.setConstant(name, tensor);
  }
  graph!.sparseInitializer = [];
}
