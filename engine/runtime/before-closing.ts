import type { Graph } from '../onnx/graph';

/** Operators into a bounded range, near whose ends a float tells little of what they were given. */
const closing = new Set('Sigmoid HardSigmoid Softmax LogSoftmax'.split(' '));
/** Operators that hand on all that their inputs hold, in another order or shape. */
const moving = new Set('Identity Cast Reshape Flatten Squeeze Unsqueeze Transpose Concat'.split(' '));
/** Operators by which a constant scales or shifts. */
const scaling = new Set('Mul Div Add Sub'.split(' '));

/** Tells if a model has an operator into a bounded range anywhere: ONNX Runtime computes those in steps of 2^-24. */
export const saturates = (graph: Graph): boolean =>
  graph.nodes.some(({ domain, opType }) => !domain && (closing.has(opType) || opType === 'Tanh'));

/**
 * The values by which a model is compared with its equal: its outputs, or, of one that a Sigmoid or Softmax closes, the
 * logits. After it, a map that says "nothing here" holds numbers about 1e-7, of which a float, and ONNX Runtime's
 * kernels still more, keep one digit.
 */
export function beforeClosing(graph: Graph): string[] {
  const values = graph.outputs.flatMap(({ name }) => {
    const found = sourcesOf(graph, name);
    return found.some(({ closed }) => closed) ? found.map(({ value }) => value) : [name];
  });
  return [...new Set(values)];
}

function sourcesOf(graph: Graph, value: string): { readonly value: string; readonly closed: boolean }[] {
  const node = graph.producer(value);
  if (!node || node.domain || node.output[0] !== value) return [{ value, closed: false }];
  if (closing.has(node.opType)) return [{ value: node.input[0], closed: true }];
  const read = node.input.filter((input) => input && !graph.isConstant(input));
  const moves = moving.has(node.opType) || (scaling.has(node.opType) && read.length === 1);
  return moves ? read.flatMap((input) => sourcesOf(graph, input)) : [{ value, closed: false }];
}
