import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { typeOf } from '../onnx/tensor-proto';

/** Operators that decide by floats and give integers or truths. */
const deciding = new Set(
  'ArgMax ArgMin NonMaxSuppression TopK Greater GreaterOrEqual Less LessOrEqual Equal NonZero'.split(' '),
);
/** Operators that hand on what their first inputs hold. */
const passing = new Set(
  'Cast Identity Squeeze Unsqueeze Reshape Flatten Transpose Slice Gather Concat Split Expand Not And Or'.split(
    ' ',
  ),
);

/**
 * The values by which a model is judged: its outputs of floats (one whose type is not declared counts as such), or, where
 * it has none, the values that its outputs are decided by, such as the logits before an ArgMax.
 */
export function judgedValues(graph: Graph): string[] {
  const floats = floatOutputs(graph);
  return floats.length ? floats : [...new Set(graph.outputs.flatMap(({ name }) => decidedBy(graph, name)))];
}

/** The graph that gives the values by which it is judged. */
export function judgedGraph(graph: Graph): Graph {
  if (floatOutputs(graph).length) return graph;
  const values = judgedValues(graph);
  return values.length
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
  // What is no decision before it is cast to integers is a number itself.
  return before.length || node.opType !== 'Cast' ? before : read;
}
