import type { Graph } from '../onnx/graph';
import { openModel } from '../onnx/open-model';
import { openBatch } from '../onnx/rewrites/open-batch';
import { foldComputedShapes } from '../runtime/fold-computed-shapes';

/**
 * Opens a model to be trained: with an open batch, if the graph allows one.
 * @throws EngineError as `openModel` does
 */
export async function trainable(path: string): Promise<Graph> {
  const graph = openModel(path);
  await foldComputedShapes(graph);
  return openBatch(graph) ?? graph;
}
