import { EngineError } from '../../errors';
import { intOf } from '../../onnx/node-attributes';
import type { Graph, Node } from '../../onnx/graph';
import { sizeOf } from '../../tensor/tensor';
import type { Shape } from '../emit/batch-shapes';

/** A model's output for a sample. */
export interface Scores {
  readonly value: string;
  /** [N, …], -1 standing for the batch. */
  readonly dims: Shape;
}

const closings = ['Softmax', 'LogSoftmax', 'Sigmoid'];

/**
 * Returns the model's first output.
 * @throws EngineError `UnsupportedModel` if it does not have one row per sample
 */
export function outputOf(graph: Graph, shapeOf: (value: string) => Shape): Scores {
  const [{ name: value }] = graph.outputs;
  const dims = shapeOf(value);
  if (dims[0] === -1 && !dims.slice(1).includes(-1)) return { value, dims };
  throw new EngineError(
    'UnsupportedModel',
    `output ${value} has shape ${describe(dims)}; training needs an output whose first dimension, and no other, is the batch`,
  );
}

/** Returns the first output before a closing Softmax, LogSoftmax or Sigmoid, which losses apply themselves. */
export function scoresOf(graph: Graph, shapeOf: (value: string) => Shape): Scores {
  const output = outputOf(graph, shapeOf);
  const last = graph.producer(output.value);
  if (!last || !overClasses(last, output.dims.length, graph.opset)) return output;
  return { value: last.input[0], dims: output.dims };
}

/** Tells if a node ends a model as a loss would: a softmax over axis 1, the classes, or a sigmoid. */
function overClasses(node: Node, rank: number, opset: number): boolean {
  if (node.domain || !closings.includes(node.opType)) return false;
  if (node.opType === 'Sigmoid' || rank === 2) return true;
  // Before opset 13 a softmax covered all axes from its own on.
  return opset >= 13 && (intOf(node, 'axis', -1) + rank) % rank === 1;
}

/**
 * Returns the scores of a classifier of whole images.
 * @throws EngineError `UnsupportedModel` if the output is not [N, classes]
 */
export function logitsOf(graph: Graph, shapeOf: (value: string) => Shape): Scores {
  const { value, dims } = scoresOf(graph, shapeOf);
  const [, classes, ...plane] = dims;
  if (classes >= 2 && sizeOf(plane) === 1) return { value, dims };
  throw new EngineError(
    'UnsupportedModel',
    `output ${graph.outputs[0].name} has shape ${describe(dims)}; a classifier's output must be [batch, classes]`,
  );
}

/** Formats a shape for messages. */
export const describe = (dims: Shape): string =>
  `[${dims.map((dim) => (dim === -1 ? 'batch' : dim)).join(', ')}]`;
