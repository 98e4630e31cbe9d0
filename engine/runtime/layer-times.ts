import type { Graph, Node } from '../onnx/graph';
import { layersOf, nameOf } from '../onnx/layers';
import { profile, type ProfileOptions, type NodeTime } from './profile';

/** Times of a model's layers. */
export interface LayerTimes {
  /** Median ms by layer, with what ONNX Runtime fused into it. */
  readonly layers: Readonly<Record<string, number>>;
  /** Median ms of all kernels together; those of no layer (pooling, additions, changes of layout) are among them. */
  readonly ms: number;
}

/**
 * Times a model's layers on random inputs, all graph optimizations on.
 * @throws EngineError as `profile` does
 */
export async function layerTimes(graph: Graph, options: ProfileOptions): Promise<LayerTimes> {
  const { nodes, ms } = await profile(graph, options);
  return { layers: attributed(graph, nodes), ms };
}

/** Suffix of values in ONNX Runtime's blocked layout. */
const blocked = /_nchwc$/;

/**
 * Attributes kernels to layers. A fused kernel is called after the last value that it computes, so from there on the way
 * goes back to the nearest layer whose kernel has not been found yet.
 */
export function attributed(
  graph: Graph,
  kernels: readonly Pick<NodeTime, 'node' | 'op' | 'ms'>[],
): Record<string, number> {
  const layers = new Set(layersOf(graph).map(({ name }) => name));
  const byName = new Map(graph.nodes.map((node) => [nameOf(node), node]));
  const found = new Map<string, number>();
  for (const { node: kernel, op, ms } of kernels) {
    const start = byName.get(kernel) ?? graph.producer(kernel.replace(blocked, ''));
    const isOwn = (node: Node) =>
      // FusedConv is a Conv; an Add of its own is none.
      op.includes(node.opType) && layers.has(nameOf(node)) && !found.has(nameOf(node));
    const layer = start && nearest(graph, start, isOwn);
    if (layer) found.set(nameOf(layer), ms);
  }
  return Object.fromEntries(found);
}

/** Operators that ONNX Runtime fuses into the layer before them. */
const fused = new Set([
  'BatchNormalization',
  'Relu',
  'Clip',
  'Sigmoid',
  'Tanh',
  'LeakyRelu',
  'HardSigmoid',
  'HardSwish',
  'Add',
  'Sum',
  'Mul',
]);
/** Most nodes that are looked at backwards from a kernel. */
const reach = 16;

/** Finds the nearest wanted node backwards, through nodes that are fused alone. */
function nearest(graph: Graph, start: Node, isWanted: (node: Node) => boolean): Node | undefined {
  const queue = [start];
  for (let at = 0; at < queue.length && at < reach; at++) {
    const node = queue[at];
    if (isWanted(node)) return node;
    if (fused.has(node.opType)) queue.push(...node.input.flatMap((value) => graph.producer(value) ?? []));
  }
  return undefined;
}
