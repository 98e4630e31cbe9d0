import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { keepChannels } from '../onnx/rewrites/keep-channels';
import type { ChannelPath } from './channel-path';

/** Removes from `path` all channels but `keep`, from the consumer's weight up to the producer's filters. */
export function pruneChannels(
  graph: Graph,
  { consumer, producer, parameters }: ChannelPath,
  keep: readonly number[],
): void {
  keepChannels(graph, consumer.weight, 1, keep);
  keepChannels(graph, producer.weight, 0, keep);
  if (producer.node.input[2]) keepChannels(graph, producer.node.input[2], 0, keep);
  for (const { name, axis } of parameters) keepChannels(graph, name, axis, keep);
}

/**
 * MACs of a model after pruning, from the plan alone: a layer's shrink with the input channels it keeps and with the
 * filters that its consumer keeps of it.
 */
export function prunedMacs(
  layers: readonly Layer[],
  paths: readonly ChannelPath[],
  kept: readonly (number | null)[],
): number {
  const inputs = new Map(
    paths.map(({ consumer, channels }, at) => [consumer.node, (kept[at] ?? channels) / channels]),
  );
  const outputs = new Map(
    paths.map(({ producer, channels }, at) => [producer.node, (kept[at] ?? channels) / channels]),
  );
  return Math.round(
    layers.reduce(
      (sum, { node, macs }) => sum + macs * (inputs.get(node) ?? 1) * (outputs.get(node) ?? 1),
      0,
    ),
  );
}
