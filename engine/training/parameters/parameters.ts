import { EngineError } from '../../errors';
import type { Graph, Node } from '../../onnx/graph';
import { ownIdentities } from '../../onnx/rewrites/drop-identities';
import { liftConstants } from '../../onnx/rewrites/lift-constants';
import { floats, isFloat, sizeOf, type Tensor } from '../../tensor/tensor';
import { dependents } from '../../onnx/walk';
import type { Shape } from '../emit/batch-shapes';
import { trainableThrough } from './trainable-through';
import type { BatchNormMode } from '../settings';
import { table } from '../../table';

/** Location of a tensor in a flat vector. */
export interface Entry {
  readonly name: string;
  readonly dims: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Location of each of a list of tensors in one flat vector. */
export interface Layout {
  readonly entries: readonly Entry[];
  /** Elements of the vector, including the zeros that pad its rows. */
  readonly size: number;
  /** Elements of the weights at its beginning, in whole rows of `rowLength`; the rest are biases, scales, shifts. */
  readonly weights: number;
}

/** Granularity, in elements, at which weights are separated from the rest. */
export const rowLength = 256;

/** Everything that training changes: weights by gradients, running statistics by the batches they see. */
export interface Trainable {
  readonly parameters: Layout;
  /** Running means and variances; none if BatchNormalization stays as in inference. */
  readonly statistics: Layout;
  /** Sentences about parameters that keep their values because no gradient reaches them. */
  readonly notes: readonly string[];
}

/** Inputs of an operator that hold its parameters. */
const roles = table<readonly number[]>({
  Conv: [1, 2],
  ConvTranspose: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
  InstanceNormalization: [1, 2],
  LayerNormalization: [1, 2],
  GroupNormalization: [1, 2],
  RMSNormalization: [1],
  PRelu: [1],
});

/** Inputs of an operator that multiply what depends on the images: weights, which decay. */
const weightRoles = table<readonly number[]>({
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [0, 1],
  MatMul: [0, 1],
});

/**
 * Copies a graph so that every constant is a separate initializer: Constant nodes become initializers, and so do
 * Identity nodes of one. Exporters write the latter for parameters that merely start out equal; training them as one
 * would add up their gradients.
 */
export function withOwnConstants(graph: Graph): Graph {
  const copy = graph.clone();
  liftConstants(copy);
  ownIdentities(copy);
  return copy;
}

/** Collects the float32 initializers that operators hold as parameters. */
function parametersOf(graph: Graph, nodes: readonly Node[]): Set<string> {
  const constantFloat = (value: string) => isFloat(graph.constant(value));
  const parameters = new Set<string>();
  for (const node of nodes) {
    if (node.domain || isGroupNorm(graph, node)) continue;
    for (const at of roles[node.opType] ?? []) {
      if (constantFloat(node.input[at])) parameters.add(node.input[at]);
    }
  }
  const weighted = dependents(nodes, parameters);
  for (const { opType, domain, input } of nodes) {
    if (domain || !['Add', 'Mul'].includes(opType)) continue;
    input.forEach((value, at) => {
      if (weighted.has(input[1 - at]) && constantFloat(value) && perChannel(graph.constant(value)!.dims)) {
        parameters.add(value);
      }
    });
  }
  return parameters;
}

/** Exporters write GroupNorm as an InstanceNormalization of reshaped channels, whose scale and bias are not parameters. */
const isGroupNorm = (graph: Graph, { opType, input }: Node): boolean =>
  opType === 'InstanceNormalization' && graph.producer(input[0])?.opType === 'Reshape';

/**
 * Finds the float32 initializers that are trained: weights and biases of convolutions, Gemm, MatMul and normalizations,
 * slopes of PRelu, and per-channel constants that are added to, or multiplied with, what depends on such a weight; of
 * these, those that a gradient reaches (`trainableThrough`).
 * @param graph as `withOwnConstants` returns it
 * @param nodes those that `outputs` depend on
 * @param outputs the values that the loss is computed from
 * @throws EngineError `UnsupportedModel` if there are none, or none that a gradient reaches, or the model's opset is
 * below 11
 */
export function findTrainable(
  graph: Graph,
  nodes: readonly Node[],
  shapeOf: (value: string) => Shape,
  outputs: readonly string[],
  batchNorm: BatchNormMode = 'batch',
): Trainable {
  if (graph.opset < oldestOpset) {
    throw new EngineError(
      'UnsupportedModel',
      `the model uses opset ${graph.opset}; training needs opset ${oldestOpset} or later: export it with a later opset`,
    );
  }
  const parameters = [...parametersOf(graph, nodes)];
  if (!parameters.length) {
    throw new EngineError(
      'UnsupportedModel',
      'the model has no float32 weights of Conv, ConvTranspose, Gemm, MatMul or a normalization to train',
    );
  }
  const norms = batchNorm === 'batch' ? nodes.filter(isBatchNorm) : [];
  const statistics = new Set(norms.flatMap(({ input }) => input.slice(3, 5)));
  const computed = [...statistics].find((value) => !isFloat(graph.constant(value)));
  if (computed) {
    throw new EngineError('UnsupportedModel', `running statistic ${computed} is not a float32 initializer`);
  }
  const weights = new Set(
    nodes.flatMap(({ opType, domain, input }) =>
      domain ? [] : (weightRoles[opType] ?? []).map((at) => input[at]),
    ),
  );
  const { trained, notes } = trainableThrough({ graph, nodes, shapeOf }, outputs, parameters);
  return { parameters: layoutOf(graph, trained, weights), statistics: layoutOf(graph, statistics), notes };
}

/** First opset with all operators in which gradients are written. */
const oldestOpset = 11;

const isBatchNorm = ({ domain, opType }: Node): boolean => !domain && opType === 'BatchNormalization';

/** Tells if a shape is [C], [C, 1, 1], [1, C, 1, 1], or [1, 1, 1, C] if channels come last, with more than one channel. */
function perChannel(dims: readonly number[]): boolean {
  const wide = dims.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
  const channels: readonly (readonly number[])[] = [[], [0], [1], [0], [1, 3]];
  return wide.length === 1 && (channels[dims.length] ?? [1]).includes(wide[0]);
}

/** Lays out tensors of the graph; those named in `weights` come first, in separate rows. */
function layoutOf(graph: Graph, names: Iterable<string>, weights?: ReadonlySet<string>): Layout {
  let size = 0;
  const placed = (name: string): Entry => {
    const { dims } = graph.constant(name)!;
    const entry = { name, dims, offset: size, size: sizeOf(dims) };
    size += entry.size;
    return entry;
  };
  const all = [...names];
  if (!weights) return { entries: all.map(placed), size, weights: 0 };
  const fillRow = () => (size = Math.ceil(size / rowLength) * rowLength);
  const first = all.filter((name) => weights.has(name)).map(placed);
  const end = fillRow();
  const rest = all.filter((name) => !weights.has(name)).map(placed);
  return { entries: [...first, ...rest], size: fillRow(), weights: end };
}

/** Lists the parts of a layout's vector, in order; padding has no entry. */
export function piecesOf({ entries, size }: Layout): { readonly size: number; readonly entry?: Entry }[] {
  const ends = [...entries.slice(1).map(({ offset }) => offset), size];
  return entries.flatMap((entry, at) => {
    const filled = ends[at] - entry.offset - entry.size;
    return [{ size: entry.size, entry }, ...(filled ? [{ size: filled }] : [])];
  });
}

/** Fills the vector of a layout from the graph's initializers. */
export function pack(graph: Graph, { entries, size }: Layout): Float32Array {
  const vector = new Float32Array(size);
  for (const { name, offset } of entries) vector.set(graph.constant(name)!.data as Float32Array, offset);
  return vector;
}

/** Returns the tensors of a layout by name, views of the vector. */
export const unpack = ({ entries }: Layout, vector: Float32Array): Map<string, Tensor> =>
  new Map(
    entries.map(({ name, dims, offset, size }) => [
      name,
      floats(dims, vector.subarray(offset, offset + size)),
    ]),
  );

/** Copies `graph` with new values; a constant that was a node (Constant, Identity) becomes an initializer. */
export function withValues(graph: Graph, values: ReadonlyMap<string, Tensor>): Graph {
  const copy = graph.clone();
  for (const [name, tensor] of values) {
    const node = copy.producer(name);
    if (node) copy.replace(node, []);
    copy.setConstant(name, tensor);
  }
  return copy;
}
