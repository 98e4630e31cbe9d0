import { EngineError } from '../../errors';
import type { Graph, Node } from '../../onnx/graph';
import { ownIdentities } from '../../onnx/rewrites/drop-identities';
import { liftConstants } from '../../onnx/rewrites/lift-constants';
import { floats, isFloat, sizeOf, type Tensor } from '../../tensor/tensor';
import { dependents } from '../../onnx/walk';
import type { Shape } from '../emit/batch-shapes';
import { trainableThrough } from './trainable-through';
import type { BatchNormMode } from '../settings';

/** A tensor's place in a flat vector. */
export interface Entry {
  readonly name: string;
  readonly dims: readonly number[];
  readonly offset: number;
  readonly size: number;
}

/** Where each of a list of tensors lies in one flat vector. */
export interface Layout {
  readonly entries: readonly Entry[];
  /** Elements of the vector, with the zeros that fill its rows. */
  readonly size: number;
  /** Elements that weights take at its beginning, in whole rows of `rowLength`; the rest are biases, scales, shifts. */
  readonly weights: number;
}

/** What the elements of a layout are counted in where only weights are to be told from the rest. */
export const rowLength = 256;

/** What training changes: weights by gradients, running statistics by the batches they see. */
export interface Trainable {
  readonly parameters: Layout;
  /** Running means and variances; none where BatchNormalization stays as inferred. */
  readonly statistics: Layout;
  /** Sentences on parameters that keep their values because no gradient reaches them. */
  readonly notes: readonly string[];
}

/** The inputs of an operator that hold its parameters. */
const roles: Readonly<Record<string, readonly number[]>> = {
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
};

/** The inputs of an operator that multiply what depends on the images: weights, which decay. */
const weightRoles: Readonly<Record<string, readonly number[]>> = {
  Conv: [1],
  ConvTranspose: [1],
  Gemm: [0, 1],
  MatMul: [0, 1],
};

/**
 * A copy in which every constant is an initializer of its own: Constant nodes become initializers, and so do Identity
 * nodes on one. Exporters write the latter for parameters that merely begin equal; training them as one would add
 * their gradients up.
 */
export function withOwnConstants(graph: Graph): Graph {
  const copy = graph.clone();
  liftConstants(copy);
  ownIdentities(copy);
  return copy;
}

/** The float32 initializers that operators hold as parameters. */
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

/** Exporters write GroupNorm as an InstanceNormalization of reshaped channels, whose scale and bias are no parameters. */
const isGroupNorm = (graph: Graph, { opType, input }: Node): boolean =>
  opType === 'InstanceNormalization' && graph.producer(input[0])?.opType === 'Reshape';

/**
 * The float32 initializers that are trained: weights and biases of convolutions, Gemm, MatMul and normalizations, slopes
 * of PRelu, and constants a channel each that are added to, or multiplied with, what depends on such a weight; of these
 * those that a gradient reaches (`trainableThrough`).
 * @param graph as `withOwnConstants` gives it.
 * @param nodes those that `outputs` depend on.
 * @param outputs the values that the loss is computed from.
 * @throws EngineError `UnsupportedModel` when there are none, or none that a gradient reaches, or the model is older than
 * operator set 11.
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
      `the model is of operator set ${graph.opset}; training takes ${oldestOpset} and later: export it with a later opset`,
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

/** The first operator set that has all operators which gradients are written in. */
const oldestOpset = 11;

const isBatchNorm = ({ domain, opType }: Node): boolean => !domain && opType === 'BatchNormalization';

/** [C], [C, 1, 1], [1, C, 1, 1], or [1, 1, 1, C] where channels come last, with more than one channel. */
function perChannel(dims: readonly number[]): boolean {
  const wide = dims.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
  const channels: readonly (readonly number[])[] = [[], [0], [1], [0], [1, 3]];
  return wide.length === 1 && (channels[dims.length] ?? [1]).includes(wide[0]);
}

/** A layout of tensors of the graph; those named in `weights` come first, in rows of their own. */
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

/** The parts that a layout's vector consists of, in order; what fills a row has no entry. */
export function piecesOf({ entries, size }: Layout): { readonly size: number; readonly entry?: Entry }[] {
  const ends = [...entries.slice(1).map(({ offset }) => offset), size];
  return entries.flatMap((entry, at) => {
    const filled = ends[at] - entry.offset - entry.size;
    return [{ size: entry.size, entry }, ...(filled ? [{ size: filled }] : [])];
  });
}

/** The vector of a layout, filled from the graph's initializers. */
export function pack(graph: Graph, { entries, size }: Layout): Float32Array {
  const vector = new Float32Array(size);
  for (const { name, offset } of entries) vector.set(graph.constant(name)!.data as Float32Array, offset);
  return vector;
}

/** The tensors of a layout by name, views of the vector. */
export const unpack = ({ entries }: Layout, vector: Float32Array): Map<string, Tensor> =>
  new Map(
    entries.map(({ name, dims, offset, size }) => [
      name,
      floats(dims, vector.subarray(offset, offset + size)),
    ]),
  );

/** A copy of `graph` with new values; a constant that was a node (Constant, Identity) becomes an initializer. */
export function withValues(graph: Graph, values: ReadonlyMap<string, Tensor>): Graph {
  const copy = graph.clone();
  for (const [name, tensor] of values) {
    const node = copy.producer(name);
    if (node) copy.replace(node, []);
    copy.setConstant(name, tensor);
  }
  return copy;
}
