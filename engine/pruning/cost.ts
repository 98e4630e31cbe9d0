import type { Graph } from '../onnx/graph';
import { keyOf, type Layer, paramsOf } from '../onnx/layers';
import { sizeOf } from '../tensor/tensor';
import type { ChannelGroups } from './channel-groups';

/** MACs of one sample and elements of all initializers. */
export interface Cost {
  readonly macs: number;
  readonly params: number;
}

/** Number of channels that each group keeps; null keeps all. */
export type KeptCounts = readonly (number | null)[];

/** A number of entries that depends on how many channels groups keep. */
type Count = (kept: Int32Array) => number;

/**
 * Predicts the cost of a plan, equal to `macsOf` and `paramsOf` after `removeChannels`, without making the graph: a
 * layer's cost is the product of its kept inputs and kept outputs. After preparation a call takes microseconds.
 */
export function costModel(
  graph: Graph,
  layers: readonly Layer[],
  channels: ChannelGroups,
): (kept: KeptCounts) => Cost {
  const { groups } = channels;
  const macs = layers.map((layer) => macsCount(layer, channels));
  const params = paramsCount(graph, channels);
  const counts = new Int32Array(groups.length);
  return (kept) => {
    groups.forEach((group, at) => (counts[at] = kept[at] ?? group.channels));
    let total = 0;
    for (const count of macs) total += count(counts);
    return { macs: total, params: params(counts) };
  };
}

function macsCount(layer: Layer, channels: ChannelGroups): Count {
  const own = channels.layers.get(layer.node);
  if (!own) return () => layer.macs;
  const { slot, rows } = own;
  const weights = sizeCount(slot.dims, slot.axes, channels);
  const repeats = layer.macs / sizeOf(layer.dims);
  if (!rows) return (kept) => weights(kept) * repeats;
  const rowCount = entries(rows, channels);
  return (kept) => (weights(kept) * repeats * rowCount(kept)) / rows.length;
}

/** Computes the number of elements of a parameter. */
function sizeCount(
  dims: readonly number[],
  axes: readonly (Int32Array | undefined)[],
  channels: ChannelGroups,
): Count {
  const rest = sizeOf(dims.filter((_, axis) => !axes[axis]));
  const along = axes.filter((ids) => ids).map((ids) => entries(ids!, channels));
  return (kept) => along.reduce((size, count) => size * count(kept), rest);
}

/** Computes the number of entries of labelled channels. All channels of a group appear there equally often. */
function entries(ids: Int32Array, channels: ChannelGroups): Count {
  const { fixed, of } = groupsAmong(ids, channels);
  const terms = [...of].map(([group, count]) => [group, count / channels.groups[group].channels] as const);
  if (!terms.length) return () => fixed;
  return (kept) => terms.reduce((sum, [group, times]) => sum + kept[group] * times, fixed);
}

/** Counts the entries that belong to each group, and to none. */
function groupsAmong(ids: Int32Array, { channelOf }: ChannelGroups) {
  const of = new Map<number, number>();
  let fixed = 0;
  for (const id of ids) {
    const place = channelOf(id);
    if (place) of.set(place.group, (of.get(place.group) ?? 0) + 1);
    else fixed++;
  }
  return { fixed, of };
}

/**
 * Computes the elements of all initializers. Which of them change depends only on which groups are pruned: found once
 * per set.
 */
function paramsCount(graph: Graph, channels: ChannelGroups): Count {
  const { groups, slots, edits } = channels;
  const groupsOf = (all: readonly (Int32Array | undefined)[]) =>
    new Set(all.flatMap((ids) => (ids ? [...groupsAmong(ids, channels).of.keys()] : [])));
  const slotParts = slots.map((slot) => ({
    groups: groupsOf(slot.axes),
    nodes: slot.uses.map(({ node }) => node),
    drops: slot.uses.map(({ node, index }) => `${node}/${index}`),
    count: sizeCount(slot.dims, slot.axes, channels),
  }));
  const editParts = edits.map(({ node, ids, drops, adds, addsEach }) => {
    const each: Count = addsEach ? entries(addsEach, channels) : () => 0;
    return {
      groups: groupsOf(ids),
      nodes: [node],
      drops: drops.map((index) => `${node}/${index}`),
      count: ((kept) => adds + each(kept)) satisfies Count,
    };
  });
  const parts = [...slotParts, ...editParts];
  const untouched = paramsOf(graph);
  const known = new Map<string, { readonly fixed: number; readonly counts: readonly Count[] }>();
  return (kept) => {
    const active = groups.map(({ channels: all }, at) => (kept[at] < all ? 1 : 0));
    const key = active.join('');
    let found = known.get(key);
    if (!found) {
      const changed = parts.filter((part) => [...part.groups].some((group) => active[group]));
      const drops = new Set(changed.flatMap((part) => part.drops));
      const needed = neededValues(graph, drops);
      const read = changed.filter(({ nodes }) => nodes.some((node) => needed.has(node)));
      const fixed = changed.length ? paramsOf(graph, needed) : untouched;
      known.set(key, (found = { fixed, counts: read.map(({ count }) => count) }));
    }
    let total = found.fixed;
    for (const count of found.counts) total += count(kept);
    return total;
  };
}

/** Finds the values that the model's outputs still need when inputs `drops` are no longer read. */
function neededValues(graph: Graph, drops: ReadonlySet<string>): Set<string> {
  const needed = new Set(graph.outputs.map(({ name }) => name));
  for (const node of [...graph.nodes].reverse()) {
    if (!node.output.some((value) => needed.has(value))) continue;
    const key = keyOf(node);
    needed.add(key);
    node.input.forEach((value, index) => value && !drops.has(`${key}/${index}`) && needed.add(value));
    for (const value of graph.capturesOf(node)) needed.add(value);
  }
  return needed;
}
