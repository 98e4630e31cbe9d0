import { EngineError } from '../errors';
import { type Dim, times } from '../onnx/dims';
import { computedShapes, takesComputedShape } from '../onnx/computed-shapes';
import { extract } from '../onnx/extract';
import type { Graph, Node } from '../onnx/graph';
import { hasRule, inferShapes, operatorOf, type Shape, type Shapes } from '../onnx/shapes';
import { imageInput } from '../onnx/image-input';
import { nameOf } from '../onnx/layers';
import { drawnInputs } from './feeds';
import { shapesOfDrawnRuns } from './run-shapes';

/** Operators whose results may not be tensors, or whose shapes may depend on the data, so that a run proves nothing. */
const unmeasured = new Set(
  (
    'SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceMap SplitToSequence Optional ' +
    'OptionalGetElement Unique'
  ).split(' '),
);

/**
 * Gives shape inference the shapes of results of operators without a rule (other domains', standard ones that have no
 * row, and If, Loop and Scan as far as they return tensors), by running the model up to them on two random batches, of
 * different sizes if the model allows it. A dimension that is the same in both is a number, one that grows with the
 * batch a multiple of it; others stay unknown. The shapes are kept with the graph, only for shapes and costs. If the
 * model cannot be run they stay unknown, with a note of the reason. Models without such operators are not run.
 * @param known shapes as inferred
 * @param isQuick false if a run of the model had to be ended: it is not run again
 */
export async function measureUnknownShapes(
  graph: Graph,
  known: Shapes = inferShapes(graph),
  isQuick = true,
): Promise<void> {
  const computed = computedShapes(graph);
  const nodes = graph.nodes.filter(
    (node) => isMeasured(node, known) || (takesComputedShape(node, computed) && isIncomplete(node, known)),
  );
  if (!nodes.length) return;
  const values = nodes.flatMap(tensorsOf);
  const operators = [...new Set(nodes.filter((node) => !hasRule(node)).map(operatorOf))].join(', ');
  const what = operators ? `operator ${operators}` : `node ${nameOf(nodes[0])}`;
  if (!isQuick) return graph.note(`shapes after ${what} are unknown, since running the model takes too long`);
  try {
    const measuredShapes = await measure(graph, values, known.get(imageInput(graph).name)?.[0]);
    graph.context = { ...graph.context, measuredShapes };
    if (operators)
      graph.note(
        `shape inference does not know operator ${operators}: shapes after it were measured by running the model`,
      );
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    graph.note(
      `shapes after ${what} are unknown, and running the model to measure them failed: ${error.message}`,
    );
  }
}

const isIncomplete = (node: Node, known: ReadonlyMap<string, Shape>): boolean =>
  node.output.some((value) => value && (known.get(value)?.includes(undefined) ?? true));

const isMeasured = (node: Node, known: ReadonlyMap<string, Shape>): boolean =>
  !hasRule(node) && !unmeasured.has(node.opType) && tensorsOf(node).some((value) => !known.has(value));

/** Lists the results of a node that are tensors: for one with subgraphs, those that all of them declare as such. */
function tensorsOf({ opType, attribute, output }: Node): string[] {
  const bodies = attribute.flatMap(({ g }) => g ?? []);
  const first = opType === 'Loop' ? 1 : 0; // after the condition
  return output.filter(
    (value, at) =>
      value && bodies.every((body) => body.output[at + first]?.type?.value.case === 'tensorType'),
  );
}

/**
 * @param batch the symbol of the batch; a number if the model fixes it
 */
async function measure(graph: Graph, values: readonly string[], batch: Dim): Promise<Map<string, Shape>> {
  const sizes = [2, 3];
  const runs = sizes.map((size, seed) => ({ seed, inputs: drawnInputs(graph, { batch: size }) }));
  const inputs = graph.inputs.map(({ name }) => name);
  const [first, second] = await shapesOfDrawnRuns(extract(graph, inputs, values), values, runs);
  const dimOf = (a: number, b: number): Dim => {
    if (a === b) return a;
    const each = a / sizes[0];
    const grows = typeof batch === 'string' && Number.isInteger(each) && b === each * sizes[1];
    return grows ? times(each, batch) : undefined;
  };
  return new Map(
    values.flatMap((value): [string, Shape][] => {
      const [own, other] = [first.get(value)!, second.get(value)!];
      return own.length === other.length ? [[value, own.map((dim, axis) => dimOf(dim, other[axis]))]] : [];
    }),
  );
}
