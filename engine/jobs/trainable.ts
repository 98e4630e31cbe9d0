import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/open-model';
import { openBatch } from '../onnx/rewrites/open-batch';

/**
 * Opens a model to be trained: with an open batch, if the graph allows one.
 * @throws EngineError as `openModel` does
 */
export function trainable(path: string): Graph {
  const graph = openModel(path);
  return openBatch(graph) ?? graph;
}
