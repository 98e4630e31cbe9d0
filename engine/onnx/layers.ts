import { EngineError } from '../errors';
import { sizeOf } from '../tensor/tensor';
import { copiesOf } from './copies';
import { atOne, type Dim } from './dims';
import type { Graph, Node } from './graph';
import { imageInput } from './image-input';
import { inferShapes, type Shape, type Shapes } from './shapes';
import { convWindow, groupsOf, type Window } from './window';

/** A Conv, ConvTranspose, Gemm or MatMul with a constant weight: the nodes that MACs are counted for. */
export interface Layer {
  readonly name: string;
  readonly node: Node;
  /** Name and shape of the weight; [N, C/groups, kH, kW] for a Conv. */
  readonly weight: string;
  readonly dims: readonly number[];
  /** Multiply-accumulates per sample. */
  readonly macs: number;
  /** Elements of weight and bias. */
  readonly params: number;
  /** Window of a Conv. */
  readonly window?: Window;
}

/** Returns the name by which people and specs refer to a node. */
export const nameOf = (node: Node): string => node.name || node.output[0] || node.opType;

/** A name for a node that holds in copies of its graph: that of its first result. */
export const keyOf = (node: Node): string => node.output.find(Boolean) ?? node.name;

const counted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** A layer of unknown cost, with the reason in a sentence for people. */
export interface UncountedLayer {
  readonly name: string;
  readonly node: Node;
  readonly why: string;
}

/**
 * Lists all layers of known cost in execution order. MACs are weights × output positions (for a ConvTranspose: input
 * positions; for Gemm/MatMul: weights × rows of a sample, or columns if the weight is the left operand). Layers after
 * an operator that shape inference does not know are left out: see `uncountedLayers`.
 * @param batch by default what the graph's inputs say; a body of an If or Loop has that of the graph around it
 * @throws EngineError `UnsupportedModel` if a layer's size is unknown because the model leaves an input's size open
 */
export function layersOf(
  graph: Graph,
  shapes: Shapes = inferShapes(graph),
  batch: SampleCount = batchOf(graph, shapes),
): Layer[] {
  return candidates(graph).flatMap(({ node, name, weight, dims }) => {
    const times = repeats(graph, node, dims, shapes, batch);
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

/** Lists the layers that `layersOf` leaves out; they stay as they are and are not counted. */
export function uncountedLayers(graph: Graph, shapes: Shapes = inferShapes(graph)): UncountedLayer[] {
  const batch = batchOf(graph, shapes);
  return candidates(graph).flatMap(({ node, name, dims }) => {
    if (repeats(graph, node, dims, shapes, batch) !== undefined) return [];
    const stop = unknownBefore(graph, node, shapes);
    const why = stop
      ? `shape inference does not know operator ${stop.opType} (node ${nameOf(stop)}) before it`
      : 'its size depends on the data';
    return [{ name, node, why: `the size of ${node.opType} ${name} is unknown: ${why}` }];
  });
}

/** Finds initializers that more than one node uses as its weight, with the names of those nodes. */
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

/** Lists the nodes that are layers, whether or not their cost is known, under unique names. */
function candidates(graph: Graph): Candidate[] {
  const names = new Set<string>();
  return graph.nodes.flatMap((node) => {
    if (node.domain || !counted.has(node.opType)) return [];
    const weight = [node.input[1], node.input[0]].find((value) => graph.isConstant(value));
    const dims = graph.constantDims(weight);
    if (!weight || !dims) return [];
    // Node names need not be unique; value names are.
    let name = [nameOf(node), node.output[0]].find((other) => !names.has(other)) ?? node.output[0];
    while (names.has(name)) name += "'";
    names.add(name);
    return [{ name, node, weight, dims }];
  });
}

/** Returns how often a sample passes through the weight, at a batch of 1; undefined if unknown. */
function repeats(
  graph: Graph,
  node: Node,
  weight: readonly number[],
  shapes: Shapes,
  batch: SampleCount,
): number | undefined {
  const dims = shapes.get(node.opType === 'ConvTranspose' ? node.input[0] : node.output[0]);
  if (!dims) return node.opType === 'Gemm' ? 1 : undefined;
  if (node.opType === 'MatMul') return batch.perSample(passes(node, weight, dims, graph));
  // What lies before the channels is the batch, into which steps of time may be folded; unknown, it is the batch alone.
  const [rows = 1, , ...positions] = dims;
  const before = batch.perSample([rows]) ?? 1;
  if (node.opType === 'Gemm') return before;
  const places = batch.perSample(positions, 1);
  return places === undefined ? undefined : before * places;
}

/** Counts what a value holds for one sample. */
export interface SampleCount {
  /**
   * Multiplies dimensions, with the batch as 1; undefined if one is unknown.
   * @param fixed the batch among them, if it is a number; by default that of the image input
   */
  readonly perSample: (dims: readonly Dim[], fixed?: number) => number | undefined;
}

/** Reads a graph's batch off its inputs. */
export function batchOf(graph: Graph, shapes: Shapes): SampleCount {
  const first = graph.inputs.map(({ name }) => shapes.get(name)?.[0]);
  const batches = new Set(first);
  const own = graph.inputs.length ? (shapes.get(imageInput(graph).name)?.[0] ?? 1) : 1;
  return {
    perSample(dims, fixed = typeof own === 'number' ? own : 1) {
      const sizes = dims.map((dim) => atOne(dim, batches));
      if (!sizes.every((dim) => dim !== undefined)) return undefined;
      const all = sizeOf(sizes);
      return all % fixed === 0 ? all / fixed : all;
    },
  };
}

/** Returns the dimensions of a MatMul's result that do not come from the weight, for a vector, matrix or stack. */
function passes(node: Node, weight: readonly number[], result: Shape, graph: Graph): Shape {
  const rank = result.length;
  const matrix = rank > 1 && !graph.isConstant(node.input[1]) ? rank - 2 : rank - 1;
  const own = weight.length < 2 ? undefined : matrix;
  const stacked = (axis: number) => axis < rank - 2 && (weight[axis - rank + weight.length] ?? 1) > 1;
  return result.filter((_, axis) => axis !== own && !stacked(axis));
}

/** @throws EngineError if an input before `node` has an open size besides its batch, which `inputSize` can set */
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
    `the size of ${node.output[0]}, output of ${node.opType} ${nameOf(node)}, is unknown because input ${open.name} is ${shown}: set inputSize (--input-size), such as 1x3x224x224`,
  );
}

/** Collects the graph's values that `node` depends on. */
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

/**
 * Finds the node at or before `node` whose output shape is missing though its inputs' shapes are known, if there is
 * one.
 */
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

/** Sums the MACs of one sample. */
export const macsOf = (graph: Graph): number => layersOf(graph).reduce((sum, { macs }) => sum + macs, 0);

/**
 * Counts the elements of all initializers, or of those that are `needed`, as the saved model holds them: equal ones
 * that the model shares by Identity count once.
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

/**
 * Tells if a layer is a Conv over two spatial axes whose filters see all channels, with a weight of its own and any
 * bias, constant 32-bit floats.
 */
export const isPlainConv = ({ node, dims, weight }: Layer, graph: Graph): boolean =>
  node.opType === 'Conv' &&
  dims.length === 4 &&
  groupsOf(node) === 1 &&
  node.input[1] === weight &&
  graph.uses(weight).length === 1 &&
  graph.constantType(weight) === 'float32' &&
  (!node.input[2] || graph.constantType(node.input[2]) === 'float32');
