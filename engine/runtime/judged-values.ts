import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { decodedHeads } from '../onnx/raw-heads';
import { typeOf } from '../onnx/tensor-proto';

/** Operators that decide by floats and return integers or booleans. */
const deciding = new Set(
  'ArgMax ArgMin NonMaxSuppression TopK Greater GreaterOrEqual Less LessOrEqual Equal NonZero'.split(' '),
);
/** Operators that pass on their first input's content. */
const passing = new Set(
  'Cast Identity Squeeze Unsqueeze Reshape Flatten Transpose Slice Gather Concat Split Expand Not And Or'.split(
    ' ',
  ),
);

/**
 * Names the values by which a model is judged: its float outputs (including those of undeclared type); the raw heads of
 * a detector that decodes them; or, if there are neither, the values that decide its outputs, such as the logits before
 * an ArgMax.
 */
export function judgedValues(graph: Graph): string[] {
  const heads = decodedHeads(graph);
  if (heads) return heads;
  const floats = floatOutputs(graph);
  return floats.length ? floats : [...new Set(graph.outputs.flatMap(({ name }) => decidedBy(graph, name)))];
}

/** Makes a graph whose outputs are the values by which it is judged. */
export function judgedGraph(graph: Graph): Graph {
  const values = judgedValues(graph);
  const outputs = new Set(floatOutputs(graph));
  return values.length && !values.every((value) => outputs.has(value))
    ? extract(
        graph,
        graph.inputs.map(({ name }) => name),
        values,
      )
    : graph;
}

const floatOutputs = (graph: Graph): string[] =>
  graph.outputs
    .filter(({ elementType }) => !elementType || /^float/.test(typeOf(elementType) ?? ''))
    .map(({ name }) => name);

function decidedBy(graph: Graph, value: string): string[] {
  const node = graph.producer(value);
  if (!node || node.domain) return [];
  const read = node.input.filter((input) => input && !graph.isConstant(input));
  if (deciding.has(node.opType)) return read;
  if (!passing.has(node.opType)) return [];
  const before = read.flatMap((input) => decidedBy(graph, input));
  // A value that no decision produced, before it is cast to integers, is a number itself.
  return before.length || node.opType !== 'Cast' ? before : read;
}
