import { EngineError } from '../errors';
import type { Graph } from './graph';
import { assumeSizes, type InputSize } from './input-size';
import { loadModel } from './model';
import { TensorProto_DataType as DataType } from './proto/onnx_pb';
import { cancelTransposes } from './rewrites/cancel-transposes';
import { dropIdentities } from './rewrites/drop-identities';
import { dropWeightCasts } from './rewrites/drop-weight-casts';
import { flushDenormals } from './rewrites/flush-denormals';
import { foldShapes } from './rewrites/fold-shapes';
import { foldWeights } from './rewrites/fold-weights';
import { inlineFunctions } from './rewrites/inline-functions';
import { liftConstants } from './rewrites/lift-constants';
import { raiseOpset } from './rewrites/raise-opset/raise-opset';
import { widenHalves } from './rewrites/widen-halves';
import { typeName, typeOf } from './tensor-proto';

/** What to assume of a model when it is opened. */
export interface OpenOptions {
  /** The size of inputs that the model leaves open, for shapes and costs: of the first input, or by input name. */
  readonly inputSize?: InputSize;
}

/**
 * Reads a model and brings it to the form that compression works on, equal to it in every output: 32-bit floats, weights
 * as initializers that their readers take as they are, functions inlined, no Identity nodes, shapes written down where
 * they follow from the model. `graph.context.notes` tells what was left as it is.
 * @throws EngineError `InvalidModel` for what is no sound model, `UnsupportedModel` for one that Slimflow does not read,
 * `InvalidSettings` for an input size that the model does not take.
 */
export function openModel(path: string, { inputSize }: OpenOptions = {}): Graph {
  const graph = loadModel(path);
  try {
    prepare(graph);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // A file can be broken in more ways than are told apart above; none of them is the caller's stack to read.
    throw new EngineError(
      'InvalidModel',
      `model ${path} is broken (${(error as Error).message}); export it again`,
      { cause: error },
    );
  }
  if (inputSize) assumeSizes(graph, inputSize, path);
  return graph;
}

/** Brings a model to the form that compression works on; see `openModel`. */
export function prepare(graph: Graph): void {
  // Before version 4 every initializer had to be an input as well, which those made here are not.
  if ((graph.model.irVersion ?? 0n) < 4n) graph.model.irVersion = 4n;
  raiseOpset(graph);
  inlineFunctions(graph);
  widenHalves(graph);
  liftConstants(graph);
  flushDenormals(graph);
  dropIdentities(graph);
  foldWeights(graph);
  dropWeightCasts(graph);
  cancelTransposes(graph);
  foldShapes(graph);
  noteUnread(graph);
}

const stringType: number = DataType.STRING;

/** Weights in types that Slimflow carries through unread. */
function noteUnread(graph: Graph): void {
  for (const { dataType = 0 } of graph.model.graph!.initializer) {
    if (typeOf(dataType) || dataType === stringType) continue;
    graph.note(
      `weights of type ${typeName(dataType)} are not read: layers that have them are left as they are`,
    );
  }
}
