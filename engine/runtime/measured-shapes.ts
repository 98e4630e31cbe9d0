import { EngineError } from '../errors';
import { type Dim, times } from '../onnx/dims';
import { extract } from '../onnx/extract';
import type { Graph, Node } from '../onnx/graph';
import { hasRule, inferShapes, operatorOf, type Shape } from '../onnx/shapes';
import { imageInput, randomFeeds } from './feeds';
import { shapesOfRuns } from './run-shapes';

/** Operators whose results may not be tensors, or may have other shapes on other data: a run tells nothing of them. */
const unmeasured = new Set(
  (
    'SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceMap SplitToSequence Optional ' +
    'OptionalGetElement Unique'
  ).split(' '),
);

/**
 * Has shape inference know the shapes of what operators without a rule compute (other domains', standard ones that have no
 * row, and If, Loop and Scan as far as they give tensors), by running the model up to them on two random batches, of different sizes where the model takes any. A
 * dimension that is the same in both is a number, one that grows with the batch a multiple of it; another is not known.
 * They are kept with the graph, for shapes and costs alone. A model that cannot be run keeps its unknown shapes, with a
 * note of the reason. Models without such operators are not run.
 */
export async function measureUnknownShapes(graph: Graph): Promise<void> {
  const known = inferShapes(graph);
  const nodes = graph.nodes.filter((node) => isMeasured(node, known));
  if (!nodes.length) return;
  const values = nodes.flatMap(tensorsOf);
  const operators = [...new Set(nodes.map(operatorOf))].join(', ');
  try {
    const measuredShapes = await measure(graph, values, known.get(imageInput(graph).name)?.[0]);
    graph.context = { ...graph.context, measuredShapes };
    graph.note(
      `operator ${operators} is not known to shape inference: the shapes behind it are those of a run of the model`,
    );
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    graph.note(`the shapes behind operator ${operators} were not found by a run either: ${error.message}`);
  }
}

const isMeasured = (node: Node, known: ReadonlyMap<string, Shape>): boolean =>
  !hasRule(node) && !unmeasured.has(node.opType) && tensorsOf(node).some((value) => !known.has(value));

/** The results of a node that are tensors: of one with subgraphs those that all of them declare as such. */
function tensorsOf({ opType, attribute, output }: Node): string[] {
  const bodies = attribute.flatMap(({ g }) => g ?? []);
  const first = opType === 'Loop' ? 1 : 0; // behind the condition
  return output.filter(
    (value, at) =>
      value && bodies.every((body) => body.output[at + first]?.type?.value.case === 'tensorType'),
  );
}

/** @param batch the symbol of the batch; a number where the model fixes it */
async function measure(graph: Graph, values: readonly string[], batch: Dim): Promise<Map<string, Shape>> {
  const sizes = [2, 3];
  const runs = sizes.map((size, seed) => randomFeeds(graph, { batch: size, seed }));
  const inputs = graph.inputs.map(({ name }) => name);
  const [first, second] = await shapesOfRuns(extract(graph, inputs, values), values, runs);
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
