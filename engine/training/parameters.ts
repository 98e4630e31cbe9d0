import { EngineError } from '../errors';
import type { Graph, Node } from '../onnx/graph';
import { ownIdentities } from '../onnx/rewrites/drop-identities';
import { liftConstants } from '../onnx/rewrites/lift-constants';
import { floats, isFloat, sizeOf, type Tensor } from '../tensor/tensor';
import { dependents } from './backward';

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
  readonly statistics: Layout;
}

/** The inputs of an operator that hold its parameters. */
const roles: Readonly<Record<string, readonly number[]>> = {
  Conv: [1, 2],
  Gemm: [1, 2],
  MatMul: [0, 1],
  BatchNormalization: [1, 2],
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

/** The nodes that any of `values` depends on, in execution order. */
export function ancestors(graph: Graph, ...values: string[]): Node[] {
  const needed = new Set(values);
  return [...graph.nodes]
    .reverse()
    .filter((node) => {
      if (!node.output.some((output) => needed.has(output))) return false;
      node.input.forEach((input) => needed.add(input));
      return true;
    })
    .reverse();
}

/**
 * The float32 initializers that are trained: weights and biases of Conv, Gemm, MatMul and BatchNormalization, and
 * constants a channel each that are added to, or multiplied with, what depends on such a weight.
 * @param graph as `withOwnConstants` gives it.
 * @throws EngineError `UnsupportedModel` when there are none.
 */
export function findTrainable(graph: Graph, nodes: readonly Node[]): Trainable {
  const parameters = new Set<string>();
  const statistics = new Set<string>();
  const constantFloat = (value: string) => isFloat(graph.constant(value));
  for (const node of nodes) {
    if (node.domain) continue;
    for (const at of roles[node.opType] ?? []) {
      if (constantFloat(node.input[at])) parameters.add(node.input[at]);
    }
    if (node.opType === 'BatchNormalization')
      node.input.slice(3, 5).forEach((value) => statistics.add(value));
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
  if (!parameters.size) {
    throw new EngineError(
      'UnsupportedModel',
      'the model has no float32 weights of Conv, Gemm, MatMul or BatchNormalization to train',
    );
  }
  const computed = [...statistics].find((value) => !constantFloat(value));
  if (computed) {
    throw new EngineError('UnsupportedModel', `running statistic ${computed} is not a float32 initializer`);
  }
  const weights = new Set(
    nodes.flatMap(({ opType, domain, input }) =>
      domain ? [] : (weightRoles[opType] ?? []).map((at) => input[at]),
    ),
  );
  return { parameters: layoutOf(graph, parameters, weights), statistics: layoutOf(graph, statistics) };
}

/** [C], [C, 1, 1] or [1, C, 1, 1], with more than one channel. */
function perChannel(dims: readonly number[]): boolean {
  const wide = dims.flatMap((dim, axis) => (dim > 1 ? [axis] : []));
  return wide.length === 1 && (dims.length === 1 || wide[0] === (dims.length === 3 ? 0 : 1));
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
