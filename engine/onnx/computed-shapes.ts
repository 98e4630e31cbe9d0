import type { Graph, Node } from './graph';
import { shapeInputs } from './rewrites/fold-shapes';

/** Operators that draw another result each time. */
const random = /^(Random|Bernoulli|Multinomial|Dropout)/;

/**
 * Collects the values that a graph computes from shapes and constants alone: they are the same for all data of a size.
 */
export function computedShapes(graph: Graph): ReadonlySet<string> {
  const values = new Set<string>();
  const loose = new Set<string>();
  for (const node of graph.nodes) {
    if (isLoose(node, graph, values, loose)) node.output.forEach((value) => value && loose.add(value));
    const isShape =
      !node.domain && (node.opType === 'Shape' || node.opType === 'Size') && !loose.has(node.input[0]);
    const reads = isShape ? [] : [...graph.readsOf(node)];
    const known = reads.every((value) => graph.isConstant(value) || values.has(value));
    if ((isShape || (reads.length && known)) && !random.test(node.opType))
      node.output.forEach((value) => value && values.add(value));
  }
  return values;
}

/** Operators whose results have a size by what their inputs hold. */
const byData = new Set(
  (
    'NonZero NonMaxSuppression Unique Compress Range OneHot StringSplit Loop SequenceAt ConcatFromSequence SequenceMap ' +
    'SplitToSequence'
  ).split(' '),
);

/** Tells if the size of a node's results depends on data, or may. */
function isLoose(
  node: Node,
  graph: Graph,
  computed: ReadonlySet<string>,
  loose: ReadonlySet<string>,
): boolean {
  const isKnown = (value: string | undefined) => !value || graph.isConstant(value) || computed.has(value);
  if ([...graph.readsOf(node)].some((value) => loose.has(value))) return true;
  if (node.domain || byData.has(node.opType)) return !node.input.every(isKnown);
  return (shapeInputs[node.opType] ?? []).some((at) => !isKnown(node.input[at]));
}

/** Tells if a node takes sizes, ends or pads that are computed from shapes. */
export const takesComputedShape = (node: Node, computed: ReadonlySet<string>): boolean =>
  !node.domain && (shapeInputs[node.opType] ?? []).some((at) => computed.has(node.input[at]));
