import { EngineError } from '../errors';
import { sizeOf } from '../tensor/tensor';
import { copiesOf } from './copies';
import { atOne } from './dims';
import type { Graph, Node } from './graph';
import { inferShapes, type Shape, type Shapes } from './shapes';
import { convWindow, groupsOf, type Window } from './window';

/** A Conv, ConvTranspose, Gemm or MatMul with a constant weight: what counts towards MACs. */
export interface Layer {
  readonly name: string;
  readonly node: Node;
  /** The weight's name and shape; of a Conv [N, C/groups, kH, kW]. */
  readonly weight: string;
  readonly dims: readonly number[];
  /** Multiply-accumulates of one sample. */
  readonly macs: number;
  /** Elements of weight and bias. */
  readonly params: number;
  /** The window of a Conv. */
  readonly window?: Window;
}

/** The name by which people and specs call a node. */
export const nameOf = (node: Node): string => node.name || node.output[0];

/** A name for a node that holds in copies of its graph: that of its first result. */
export const keyOf = (node: Node): string => node.output.find(Boolean) ?? node.name;

const counted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** A layer whose cost cannot be told, and why, in a sentence for people. */
export interface UncountedLayer {
  readonly name: string;
  readonly node: Node;
  readonly why: string;
}

/**
 * All layers in execution order whose cost is known. MACs are weights x output positions (of a ConvTranspose: input
 * positions; of Gemm/MatMul: weights x rows of a sample, or columns where the weight stands on the left). A layer behind an operator that shape inference does not follow
 * is not among them: see `uncountedLayers`.
 * @throws EngineError `UnsupportedModel` where a layer's size is not known because the model leaves that of its input open.
 */
export function layersOf(graph: Graph, shapes: Shapes = inferShapes(graph)): Layer[] {
  return candidates(graph).flatMap(({ node, name, weight, dims }) => {
    const times = repeats(graph, node, dims, shapes);
    if (times === undefined) {
      refuseOpenInput(graph, node, shapes);
      return [];
    }
    const bias = graph.constantDims(node.input[2]) ?? [0];
    const layer = { name, node, weight, dims, params: sizeOf(dims) + sizeOf(bias) };
    const window = node.opType === 'Conv' ? convWindow(node, dims, shapes.get(node.input[0])) : undefined;
    return [{ ...layer, window, macs: sizeOf(dims) * times }];
  });
}

/** The layers that `layersOf` leaves out, which stay as they are and count for nothing. */
export function uncountedLayers(graph: Graph, shapes: Shapes = inferShapes(graph)): UncountedLayer[] {
  return candidates(graph).flatMap(({ node, name, dims }) => {
    if (repeats(graph, node, dims, shapes) !== undefined) return [];
    const stop = unknownBefore(graph, node, shapes);
    const why = stop
      ? `shape inference does not follow operator ${stop.opType} (${nameOf(stop)}) before it`
      : 'its size depends on what the data hold';
    return [{ name, node, why: `the size of ${node.opType} ${name} is not known: ${why}` }];
  });
}

/** Initializers that more than one node reads as its weight, and the names of those nodes. */
export function sharedWeights(
  graph: Graph,
): { readonly weight: string; readonly readers: readonly string[] }[] {
  const readers = new Map<string, string[]>();
  for (const { weight, name } of candidates(graph))
    readers.set(weight, [...(readers.get(weight) ?? []), name]);
  return [...readers].flatMap(([weight, names]) => (names.length > 1 ? [{ weight, readers: names }] : []));
}

interface Candidate {
  readonly name: string;
  readonly node: Node;
  readonly weight: string;
  readonly dims: readonly number[];
}

/** The nodes that are layers, whether their cost is known or not, under names that differ. */
function candidates(graph: Graph): Candidate[] {
  const names = new Set<string>();
  return graph.nodes.flatMap((node) => {
    if (node.domain || !counted.has(node.opType)) return [];
    const weight = [node.input[1], node.input[0]].find((value) => graph.isConstant(value));
    const dims = graph.constantDims(weight);
    if (!weight || !dims) return [];
    // Node names need not differ from each other; value names do.
    let name = [nameOf(node), node.output[0]].find((other) => !names.has(other)) ?? node.output[0];
    while (names.has(name)) name += "'";
    names.add(name);
    return [{ name, node, weight, dims }];
  });
}

/** How often a sample passes through the weight, at a batch of 1; undefined where that is not known. */
function repeats(graph: Graph, node: Node, weight: readonly number[], shapes: Shapes): number | undefined {
  if (node.opType === 'Gemm') return 1;
  const dims = shapes.get(node.opType === 'ConvTranspose' ? node.input[0] : node.output[0]);
  const inner = node.opType === 'MatMul' ? dims && passes(node, weight, dims, graph) : dims?.slice(2);
  const batches = new Set(graph.inputs.map(({ name }) => shapes.get(name)?.[0]));
  const sizes = inner?.map((dim) => atOne(dim, batches));
  return sizes?.every((dim) => dim !== undefined) ? sizeOf(sizes) : undefined;
}

/** Dimensions of a MatMul's result that come neither from the batch nor from the weight: a vector, matrix or stack. */
function passes(node: Node, weight: readonly number[], result: Shape, graph: Graph): Shape {
  const rank = result.length;
  const matrix = rank > 1 && !graph.isConstant(node.input[1]) ? rank - 2 : rank - 1;
  const own = weight.length < 2 ? undefined : matrix;
  const stacked = (axis: number) => axis < rank - 2 && (weight[axis - rank + weight.length] ?? 1) > 1;
  return result.filter((_, axis) => axis > 0 && axis !== own && !stacked(axis));
}

/** @throws EngineError where an input before `node` has an open size besides its batch, which `inputSize` can give. */
function refuseOpenInput(graph: Graph, node: Node, shapes: Shapes): void {
  if (unknownBefore(graph, node, shapes)) return;
  const sources = sourcesOf(graph, node);
  const open = graph.inputs.find(
    ({ name }) =>
      sources.has(name) &&
      !shapes
        .get(name)
        ?.slice(1)
        .every((dim) => typeof dim === 'number'),
  );
  if (!open) return;
  const shown = open.dims ? `[${open.dims.map((dim) => dim ?? '?').join(', ')}]` : 'of any shape';
  throw new EngineError(
    'UnsupportedModel',
    `the size of ${node.output[0]}, output of ${node.opType} ${nameOf(node)}, is not known, since input ${open.name} is ${shown}: give inputSize (--input-size), such as 1x3x224x224`,
  );
}

/** The graph's values that `node` depends on. */
function sourcesOf(graph: Graph, node: Node): Set<string> {
  const seen = new Set<string>();
  for (const stack = [...graph.readsOf(node)]; stack.length;) {
    const value = stack.pop()!;
    if (seen.has(value)) continue;
    seen.add(value);
    const producer = graph.producer(value);
    if (producer) stack.push(...graph.readsOf(producer));
  }
  return seen;
}

/** The node up from `node` whose output's shape is missing though its inputs' are known, if that is what is amiss. */
function unknownBefore(graph: Graph, node: Node, shapes: Shapes): Node | undefined {
  const seen = new Set<Node>();
  for (let at: Node | undefined = node; at && !seen.has(at);) {
    seen.add(at);
    const missing: string | undefined = at.input.find((value) => value && !shapes.has(value));
    if (missing === undefined) return at === node && shapes.has(at.output[0]) ? undefined : at;
    at = graph.producer(missing);
  }
  return undefined;
}

/** MACs of one sample. */
export const macsOf = (graph: Graph): number => layersOf(graph).reduce((sum, { macs }) => sum + macs, 0);

/**
 * Elements of all initializers, or of those that are `needed`, as the saved model holds them: equal ones that the model
 * shares by Identity count once.
 */
export function paramsOf(graph: Graph, needed?: ReadonlySet<string>): number {
  const copies = copiesOf(graph);
  const counted = new Set<string>();
  return graph.model.graph!.initializer.reduce((sum, { name, dims }) => {
    const held = copies.get(name) ?? name;
    if (counted.has(held) || (needed && !needed.has(name))) return sum;
    counted.add(held);
    return sum + sizeOf(dims.map(Number));
  }, 0);
}

/** A Conv over two spatial axes whose filters see all channels: a weight of its own and any bias, constant 32-bit floats. */
export const isPlainConv = ({ node, dims, weight }: Layer, graph: Graph): boolean =>
  node.opType === 'Conv' &&
  dims.length === 4 &&
  groupsOf(node) === 1 &&
  node.input[1] === weight &&
  graph.uses(weight).length === 1 &&
  graph.constantType(weight) === 'float32' &&
  (!node.input[2] || graph.constantType(node.input[2]) === 'float32');
