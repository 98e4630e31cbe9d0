import { EngineError } from '../errors';
import { isFloat, sizeOf } from '../tensor/tensor';
import type { Graph, Node } from './graph';
import { inferShapes, type Shapes } from './shapes';
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

const counted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/**
 * All layers in execution order. MACs are weights x output positions (of a ConvTranspose: input positions; of
 * Gemm/MatMul: weights x rows of a sample).
 * @throws EngineError `UnsupportedModel` where a layer's spatial size is not known.
 */
export function layersOf(graph: Graph, shapes: Shapes = inferShapes(graph)): Layer[] {
  const names = new Set<string>();
  return graph.nodes.flatMap((node) => {
    if (node.domain || !counted.has(node.opType)) return [];
    const weight = [node.input[1], node.input[0]].find((value) => graph.isConstant(value));
    const dims = weight && shapes.get(weight);
    if (!weight || !dims) return [];
    const sizes = dims.map(Number);
    const bias = graph.constant(node.input[2])?.dims ?? [0];
    // Node names need not differ from each other; value names do.
    const name = names.has(nameOf(node)) ? node.output[0] : nameOf(node);
    names.add(name);
    const layer = { name, node, weight, dims: sizes, params: sizeOf(sizes) + sizeOf(bias) };
    const window = node.opType === 'Conv' ? convWindow(node, sizes, shapes.get(node.input[0])) : undefined;
    return [{ ...layer, window, macs: sizeOf(sizes) * repeats(graph, node, shapes) }];
  });
}

/** How often a sample passes through the weight. */
function repeats(graph: Graph, node: Node, shapes: Shapes): number {
  const dims = shapes.get(node.opType === 'ConvTranspose' ? node.input[0] : node.output[0]);
  const inner = node.opType === 'Gemm' ? [] : node.opType === 'MatMul' ? dims?.slice(1, -1) : dims?.slice(2);
  if (!inner?.every((dim) => typeof dim === 'number')) {
    const stop = unknownBefore(graph, node, shapes);
    const why = stop
      ? `, since shape inference does not follow operator ${stop.opType} (${nameOf(stop)})`
      : ' from the model: export it with fixed height and width';
    throw new EngineError(
      'UnsupportedModel',
      `the size of ${node.output[0]}, output of ${node.opType} ${nameOf(node)}, is not known${why}`,
    );
  }
  return sizeOf(inner);
}

/** The node up from `node` whose output's shape is missing though its inputs' are known, if that is what is amiss. */
function unknownBefore(graph: Graph, node: Node, shapes: Shapes): Node | undefined {
  const seen = new Set<Node>();
  for (let at: Node | undefined = node; at && !seen.has(at);) {
    seen.add(at);
    const missing: string | undefined = at.input.find((value) => value && !shapes.has(value));
    if (missing === undefined) return at === node ? undefined : at;
    at = graph.producer(missing);
  }
  return undefined;
}

/** MACs of one sample. */
export const macsOf = (graph: Graph): number => layersOf(graph).reduce((sum, { macs }) => sum + macs, 0);

/** Elements of all initializers. */
export const paramsOf = (graph: Graph): number =>
  graph.model.graph!.initializer.reduce((sum, { dims }) => sum + sizeOf(dims.map(Number)), 0);

/** A Conv over two spatial axes whose filters see all channels: a weight of its own and any bias, constant 32-bit floats. */
export const isPlainConv = ({ node, dims, weight }: Layer, graph: Graph): boolean =>
  node.opType === 'Conv' &&
  dims.length === 4 &&
  groupsOf(node) === 1 &&
  node.input[1] === weight &&
  graph.uses(weight).length === 1 &&
  isFloat(graph.constant(weight)) &&
  (!node.input[2] || isFloat(graph.constant(node.input[2])));
