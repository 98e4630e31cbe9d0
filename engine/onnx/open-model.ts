import { EngineError } from '../errors';
import { checkValues } from './check';
import type { Graph } from './graph';
import { assumeSizes, type InputSize } from './input-size';
import { loadModel } from './model';
import { TensorProto_DataType as DataType } from './proto/onnx_pb';
import { addBatch } from './rewrites/add-batch';
import { cancelTransposes } from './rewrites/cancel-transposes';
import { dropIdentities } from './rewrites/drop-identities';
import { dropWeightCasts } from './rewrites/drop-weight-casts';
import { flushDenormals } from './rewrites/flush-denormals';
import { foldShapes } from './rewrites/fold-shapes';
import { foldWeights } from './rewrites/fold-weights';
import { inlineFunctions } from './rewrites/inline-functions';
import { openBakedBatch, openBatch } from './rewrites/open-batch';
import { liftConstants } from './rewrites/lift-constants';
import { raiseOpset } from './rewrites/raise-opset/raise-opset';
import { splitFused } from './rewrites/split-fused';
import { widenHalves } from './rewrites/widen-halves';
import { typeName, typeOf } from './tensor-proto';

/** Assumptions for opening a model. */
export interface OpenOptions {
  /** Size of inputs that the model leaves open, for shapes and costs: of the first input, or by input name. */
  readonly inputSize?: InputSize;
}

/**
 * Reads a model and brings it into the form that compression works on, equal to it in every output: 32-bit floats,
 * weights as initializers in the form their readers take, functions inlined, no Identity nodes, shapes as constants if
 * they follow from the model. `graph.context.notes` says what was left unchanged.
 * @throws EngineError `InvalidModel` for an invalid model, `UnsupportedModel` for one that Slimflow does not read,
 * `InvalidSettings` for an input size that the model does not take
 * @example
 * ```ts
 * import { historyOf, layersOf, macsOf, openModel } from 'slimflow/engine';
 *
 * const graph = openModel('model.onnx');
 * for (const { name, dims, macs } of layersOf(graph)) console.log(name, dims, macs);
 * console.log(macsOf(graph), historyOf(graph));
 * ```
 */
export function openModel(path: string, { inputSize }: OpenOptions = {}): Graph {
  const graph = loadModel(path);
  const calls = graph.model.functions.length > 0;
  try {
    prepare(graph);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    // A file can be broken in more ways than are distinguished above, and users should not have to read a stack.
    throw new EngineError('InvalidModel', `model ${path} is broken; export it again`, { cause: error });
  }
  if (!graph.nodes.length) throw computesNothing(path);
  // A function may lack what its calls rely on, and nobody computes a value then, or two do.
  if (calls) checkValues(graph, path);
  // Data come in batches of any size; a batch of 1 is fed as it is.
  const batched = addBatch(graph) ?? graph;
  const opened = openBatch(batched, 2) ?? openBakedBatch(batched) ?? batched;
  if (inputSize) assumeSizes(opened, inputSize, path);
  return opened;
}

/** Brings a model into the form that compression works on; see `openModel`. */
export function prepare(graph: Graph): void {
  // Before IR version 4 every initializer had to be an input too, which new ones here are not.
  if ((graph.model.irVersion ?? 0n) < 4n) graph.model.irVersion = 4n;
  raiseOpset(graph);
  inlineFunctions(graph);
  widenHalves(graph);
  liftConstants(graph);
  splitFused(graph);
  flushDenormals(graph);
  dropIdentities(graph);
  foldWeights(graph);
  dropWeightCasts(graph);
  cancelTransposes(graph);
  foldShapes(graph);
  noteUnread(graph);
}

const computesNothing = (name: string): EngineError =>
  new EngineError('InvalidModel', `model ${name} computes nothing: its outputs are constants or inputs`);

const stringType: number = DataType.STRING;

/** Notes weights of types that Slimflow carries through unread. */
function noteUnread(graph: Graph): void {
  for (const { dataType = 0 } of graph.model.graph!.initializer) {
    if (typeOf(dataType) || dataType === stringType) continue;
    graph.note(
      `weights of type ${typeName(dataType)} are not supported: layers with them are left as they are`,
    );
  }
}
