import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';

import { EngineError } from '../errors';
import { Graph } from './graph';
import { type ModelProto, ModelProtoSchema } from './proto/onnx_pb';

/** The oldest version of ONNX's operator set that Slimflow reads. */
export const oldestOpset = 11;

/**
 * Reads an ONNX file.
 * @throws EngineError `InvalidModel` when the file is missing, cut short, or no ONNX model.
 */
export function loadModel(path: string): Graph {
  let bytes: Uint8Array;
  try {
    if (!statSync(path).isFile()) throw new Error('it is not a file');
    bytes = readFileSync(path);
  } catch (error) {
    throw new EngineError('InvalidModel', `model ${path} cannot be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return parseModel(bytes, path);
}

/** Parses the bytes of an ONNX file; `name` stands in messages. */
export function parseModel(bytes: Uint8Array, name = 'model'): Graph {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new EngineError(
      'InvalidModel',
      `model ${name} is no ONNX file, or was cut short (${(error as Error).message}); export it again`,
      {
        cause: error,
      },
    );
  }
  if (!model.graph?.node.length || !model.opsetImport.length) {
    throw new EngineError(
      'InvalidModel',
      `model ${name} is no ONNX model: it has no ${model.graph?.node.length ? 'operator set' : 'nodes'}`,
    );
  }
  const graph = new Graph(model);
  if (graph.opset < oldestOpset) {
    throw new EngineError(
      'UnsupportedModel',
      `model ${name} uses operator set ${graph.opset}; Slimflow reads ${oldestOpset} and newer: export it again with a newer opset`,
    );
  }
  checkValues(graph, name);
  return graph;
}

/** Every value a node reads must come from an input, an initializer or a node before it. */
function checkValues(graph: Graph, name: string): void {
  const known = new Set([...graph.inputs.map((input) => input.name), ...graph.initializers]);
  for (const node of graph.nodes) {
    const missing = node.input.find((value) => value && !known.has(value));
    if (missing) {
      throw new EngineError(
        'InvalidModel',
        `model ${name}: node ${node.name || node.opType} reads ${missing}, which nothing before it computes`,
      );
    }
    node.output.forEach((value) => known.add(value));
  }
  const missing = graph.outputs.find((output) => !known.has(output.name));
  if (missing)
    throw new EngineError('InvalidModel', `model ${name}: nothing computes its output ${missing.name}`);
}

/** The bytes of an ONNX file. */
export const serializeModel = (graph: Graph): Uint8Array => toBinary(ModelProtoSchema, graph.model);

/** Writes an ONNX file under a temporary name and renames it, so that nothing half-written stays. */
export function saveModel(graph: Graph, path: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(temporary, serializeModel(graph));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
