import type { Graph, Node } from '../onnx/graph';
import { isPlainConv, type Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { channelPaths } from '../pruning/channel-path';
import { macsPerRank, type SplitSizes } from '../svd/spatial';
import type { Technique } from './types';

/** The techniques that apply to each layer, by its name; ignored layers are left out. */
export function techniquesOf(
  graph: Graph,
  layers: readonly Layer[],
  shapes: Shapes,
  ignore: readonly string[],
): Map<string, Technique[]> {
  const behind = upstream(graph, graph.outputs[0].name);
  const judged = new Set(layers.filter(({ node }) => behind.has(node)).map(({ name }) => name));
  const found = new Map<string, Technique[]>();
  const add = (name: string, technique: Technique) => {
    if (!ignore.includes(name) && judged.has(name)) found.set(name, [...(found.get(name) ?? []), technique]);
  };
  for (const layer of layers) if (splittable(graph, layer, shapes)) add(layer.name, 'spatial-svd');
  for (const { consumer, producer, channels } of channelPaths(graph, layers)) {
    // Pruning a layer's inputs takes filters from the layer before it, which must not be an ignored one either.
    if (channels > 1 && !ignore.includes(producer.name)) add(consumer.name, 'channel-pruning');
  }
  return found;
}

/** The nodes that a value depends on, but for the one that computes it: models are judged by their first output. */
function upstream(graph: Graph, value: string): ReadonlySet<Node> {
  const found = new Set<Node>();
  const open = [...(graph.producer(value) ? graph.readsOf(graph.producer(value)!) : [])];
  for (let read = open.pop(); read !== undefined; read = open.pop()) {
    const node = graph.producer(read);
    if (!node || found.has(node)) continue;
    found.add(node);
    open.push(...graph.readsOf(node));
  }
  return found;
}

/** A Conv that is worth splitting: a full-size kernel whose rank-1 pair costs less than it does. */
const splittable = (graph: Graph, layer: Layer, shapes: Shapes): boolean =>
  isPlainConv(layer, graph) &&
  layer.window !== undefined &&
  macsPerRank(splitSizes(layer, shapes)) < layer.macs;

/** The sizes that decide what splitting `layer` costs. */
export function splitSizes({ node, dims }: Layer, shapes: Shapes): SplitSizes {
  const [, , , inputWidth] = shapes.get(node.input[0])!.map(Number);
  const [, , outHeight, outWidth] = shapes.get(node.output[0])!.map(Number);
  // The vertical half has neither stride nor padding along the width, so that it keeps the input's.
  return { dims, outHeight, outWidth, betweenWidth: inputWidth };
}

/** The largest rank whose pair costs less than the layer itself. */
export const worthwhileRank = (layer: Layer, sizes: SplitSizes, maxRank: number): number =>
  Math.min(maxRank, Math.ceil(layer.macs / macsPerRank(sizes)) - 1);
