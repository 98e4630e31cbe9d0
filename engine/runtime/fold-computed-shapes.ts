import { EngineError } from '../errors';
import { computedShapes } from '../onnx/computed-shapes';
import { type Dim, times } from '../onnx/dims';
import { extract } from '../onnx/extract';
import type { Graph, Node } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import { reshapeTarget, shapeInputs } from '../onnx/rewrites/fold-shapes';
import { inferShapes } from '../onnx/shapes';
import { int64s, numbersOf } from '../tensor/tensor';
import { drawnInputs } from './feeds';
import { guardedRun, RunEnded } from './guard/guarded-run';

/** Batches at which results are compared: what is the same in all of them does not depend on the batch. */
const batches = [2, 3, 7];

/**
 * Replaces the sizes, ends and pads that a model computes from shapes, by arithmetic that `foldShapes` does not follow, by
 * constants: ONNX Runtime computes them for some batches. The target of a Reshape may contain the batch. A model whose
 * inputs leave other sizes open stays as it is, as does one that can't be run. Models without such arithmetic are not run.
 * @returns false if the run had to be ended, as another would
 */
export async function foldComputedShapes(graph: Graph): Promise<boolean> {
  const isFixed = graph.inputs.every(({ dims }) => dims?.slice(1).every((dim) => typeof dim === 'number'));
  if (!isFixed) return true;
  const computed = computedShapes(graph);
  const uses = graph.nodes.flatMap((node) =>
    (node.domain ? [] : (shapeInputs[node.opType] ?? [])).flatMap((at): [Node, number][] =>
      computed.has(node.input[at]) ? [[node, at]] : [],
    ),
  );
  if (!uses.length) return true;
  const values = [...new Set(uses.map(([node, at]) => node.input[at]))];
  const found = await results(graph, values);
  if (!found || found === 'ended') return !found;
  const batch = imageInput(graph).dims?.[0];
  const shapes = inferShapes(graph);
  const changes: [Node, number, string][] = [];
  for (const [node, at] of uses) {
    const runs = found.map((run) => run.get(node.input[at]));
    const known = runs.every((run) => run !== undefined) ? asDims(runs, batch) : undefined;
    const target =
      known && node.opType === 'Reshape' ? reshapeTarget(node, known, shapes.get(node.input[0])) : known;
    if (!target?.every((dim) => typeof dim === 'number')) continue;
    const name = graph.uniqueName(`${node.input[at]}.known`);
    graph.setConstant(name, int64s(target));
    changes.push([node, at, name]);
  }
  for (const [node, at, name] of changes) graph.setInput(node, at, name);
  if (changes.length) graph.removeDead();
  return true;
}

/** Computes vectors of 64-bit integers for each batch; undefined if the model can't be run, `ended` if its run was ended. */
async function results(
  graph: Graph,
  values: readonly string[],
): Promise<Map<string, number[]>[] | 'ended' | undefined> {
  const inputs = graph.inputs.map(({ name }) => name);
  try {
    const runs = batches.map((batch) => ({ seed: 0, inputs: drawnInputs(graph, { batch }) }));
    const found = await guardedRun(extract(graph, inputs, values), runs);
    return found.map((run) => {
      const vectors = Object.entries(run).filter(
        ([, { type, dims }]) => type === 'int64' && dims.length === 1,
      );
      return new Map(vectors.map(([name, tensor]) => [name, numbersOf(tensor)]));
    });
  } catch (error) {
    if (error instanceof RunEnded) return 'ended';
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** Reads entries that are the same for every batch as numbers, those that grow with it as multiples of its symbol. */
function asDims(runs: readonly (readonly number[])[], batch: Dim): Dim[] | undefined {
  const [first, ...others] = runs;
  if (others.some((run) => run.length !== first.length)) return undefined;
  return first.map((value, at) => {
    if (others.every((run) => run[at] === value)) return value;
    const each = value / batches[0];
    const grows = typeof batch === 'string' && runs.every((run, i) => run[at] === each * batches[i]);
    return grows && Number.isInteger(each) ? times(each, batch) : undefined;
  });
}
