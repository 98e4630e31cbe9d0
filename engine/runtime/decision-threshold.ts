import type { Graph } from '../onnx/graph';

const probabilities = new Set(['Sigmoid', 'HardSigmoid', 'Softmax']);
/** Operators that leave every number as it is. */
const moves = new Set(['Identity', 'Cast', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose']);

/**
 * Returns the score above which a model's first output means yes: 0.5 if the model ends in a Sigmoid or Softmax, whose
 * outputs are probabilities; else 0, the logit of 0.5.
 */
export function thresholdOf(graph: Graph): number {
  let node = graph.producer(graph.outputs[0].name);
  while (node && !node.domain && moves.has(node.opType)) node = graph.producer(node.input[0]);
  return node && !node.domain && probabilities.has(node.opType) ? 0.5 : 0;
}
