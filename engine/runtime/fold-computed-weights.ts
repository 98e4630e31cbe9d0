import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph, Node } from '../onnx/graph';
import { isFloat } from '../tensor/tensor';
import { guardedRun, RunEnded } from './guard/guarded-run';
import { table } from '../table';

/** Operators that may return something else each time, whatever their inputs. */
const random = /^(Random|Bernoulli|Multinomial|Dropout)/;
/** Inputs of layers that hold weights and biases. */
const weightInputs = table<readonly number[]>({
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2, 3, 4],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  PRelu: [1],
  DeformConv: [1, 3],
  LSTM: [1, 2, 3],
  GRU: [1, 2, 3],
  RNN: [1, 2, 3],
});

/**
 * Replaces weights that the model computes from initializers whenever it runs, such as those of standardized
 * convolutions (Qiao et al. 2019, "Micro-Batch Training with Batch-Channel Normalization and Weight Standardization"),
 * by initializers: ONNX Runtime computes them once. Every output of the graph stays equal. If the model cannot be run
 * it is left unchanged, with a note. Models without such weights are not run.
 * @returns false if the run had to be ended, as another would
 */
export async function foldComputedWeights(graph: Graph): Promise<boolean> {
  const computed = fromConstants(graph);
  const layers = graph.nodes.filter(({ domain, opType }) => !domain && opType in weightInputs);
  const weightsOf = (node: Node) =>
    weightInputs[node.opType].map((at) => node.input[at]).filter((value) => computed.has(value));
  const weights = [...new Set(layers.flatMap(weightsOf))];
  if (!weights.length) return true;
  try {
    const [computedWeights] = await guardedRun(extract(graph, [], weights), [{ seed: 0, inputs: [] }]);
    for (const [value, tensor] of Object.entries(computedWeights)) {
      if (!isFloat(tensor) || graph.isOutput(value)) continue;
      const name = graph.uniqueName(`${value}.known`);
      graph.setConstant(name, tensor);
      graph.redirect(value, name);
    }
    graph.removeDead();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    graph.note(
      `weights ${weights.join(', ')} are computed while the model runs, and running it to get them failed: ${error.message}`,
    );
    return !(error instanceof RunEnded);
  }
  return true;
}

/** Finds the values that depend on initializers alone. */
function fromConstants(graph: Graph): ReadonlySet<string> {
  const values = new Set<string>();
  for (const node of graph.nodes) {
    const reads = [...graph.readsOf(node)];
    const known = reads.length > 0 && reads.every((value) => graph.isConstant(value) || values.has(value));
    if (known && !random.test(node.opType)) node.output.forEach((value) => value && values.add(value));
  }
  return values;
}
