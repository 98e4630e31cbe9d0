import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import type { Edit, Slot } from './edits';
import { followChannels } from './follow-channels';
import { partition } from './partition';
import { isSimple } from './simple-path';
import type { LayerChannels, Scope } from './rules/scope';
import type { ChannelGroup, GroupConsumer } from './group';

/** A layer whose input channels stay, with the reason. */
export interface FrozenLayer {
  readonly name: string;
  readonly why: string;
}

/** Groups of channels of a graph, and what changes with them. Valid for copies of the graph too. */
export interface ChannelGroups {
  readonly groups: readonly ChannelGroup[];
  readonly frozen: readonly FrozenLayer[];
  /** Parameters with channels. */
  readonly slots: readonly Slot[];
  readonly edits: readonly Edit[];
  /** Channels of each layer's weight. */
  readonly layers: ReadonlyMap<Node, LayerChannels>;
  /** Returns the group of an atom and the channel within it; undefined for one that stays. */
  readonly channelOf: (atom: number) => { readonly group: number; readonly channel: number } | undefined;
}

/**
 * Finds the channel groups of a graph: each operator relates the channels of its inputs and outputs (`rules/`), and
 * related channels stay or go together (the idea of DepGraph, Fang et al. 2023, "Towards Any Structural Pruning"; here
 * by union-find over labels). Channels that no rule follows stay. Never throws.
 * @returns groups in execution order of their first consumers
 */
export function channelGroups(graph: Graph, layers: readonly Layer[], shapes?: Shapes): ChannelGroups {
  const scope = followChannels(graph, shapes);
  const { atoms } = scope;
  const slots = mergedSlots(scope);
  const edits = [...scope.edits.values()];
  const known = layers.flatMap((layer) => {
    const own = scope.layers.get(layer.node);
    return own ? [{ layer, own }] : [];
  });
  const classes = partition(scope);
  const found = new Map<number, { atoms: number[]; consumers: GroupConsumer[] }>();
  for (const { layer, own } of known) {
    const axis = own.input;
    if (axis === undefined) continue;
    const byClass = new Map<number, Map<number, number[]>>();
    own.slot.axes[axis]!.forEach((id, position) => {
      const atom = atoms.find(id);
      const kind = classes.get(atom);
      if (kind === undefined) return;
      const positions = byClass.get(kind) ?? new Map<number, number[]>();
      byClass.set(kind, positions.set(atom, [...(positions.get(atom) ?? []), position]));
    });
    for (const [kind, positions] of byClass) {
      const group = found.get(kind) ?? { atoms: [...positions.keys()], consumers: [] };
      found.set(kind, group);
      const own = group.atoms.map((atom) => positions.get(atom)!);
      group.consumers.push({ layer, axis, positions: own });
    }
  }
  const makers = makersOf(
    known.map(({ own }) => own),
    (id) => atoms.find(id),
  );
  const names = new Set<string>();
  const place = new Map<number, { group: number; channel: number }>();
  const groups: ChannelGroup[] = [];
  for (const { atoms: members, consumers } of found.values()) {
    const indices = new Set(members.flatMap((atom) => makers.get(atom) ?? []));
    const producers = [...indices].sort((a, b) => a - b).map((index) => known[index].layer);
    if (members.length < 2 || !producers.length) continue;
    members.forEach((atom, channel) => place.set(atom, { group: groups.length, channel }));
    const aimet = isSimple(graph, producers, consumers);
    groups.push({
      name: nameFor(consumers[0], names),
      channels: members.length,
      producers,
      consumers,
      aimet,
    });
  }
  const channelOf = (atom: number) => place.get(atoms.find(atom));
  const frozen = layers.flatMap((layer) => whyFrozen(layer, scope, channelOf));
  return {
    groups,
    frozen,
    slots,
    edits,
    layers: scope.layers,
    channelOf,
  };
}

/** Merges slots of a constant whose channels turned out to be the same, so that its uses keep sharing it. */
function mergedSlots({ slots, atoms }: Scope): Slot[] {
  const merged = new Map<string, Slot>();
  const shared = new Set(slots.map(({ constant }) => constant));
  if (shared.size === slots.length) return slots;
  for (const slot of slots) {
    const axes = slot.axes.map((ids) => ids && Array.from(ids, (id) => atoms.find(id)).join());
    const key = JSON.stringify([slot.constant, axes]);
    const first = merged.get(key);
    merged.set(key, first ? { ...first, uses: [...first.uses, ...slot.uses] } : slot);
  }
  return [...merged.values()];
}

/** Lists, for each atom, the indices of the layers that output it. */
function makersOf(
  layers: readonly LayerChannels[],
  atomOf: (id: number) => number,
): ReadonlyMap<number, readonly number[]> {
  const makers = new Map<number, number[]>();
  layers.forEach(({ slot, output }, index) => {
    if (output === undefined) return;
    for (const atom of new Set(Array.from(slot.axes[output]!, atomOf))) {
      const known = makers.get(atom);
      if (known) known.push(index);
      else makers.set(atom, [index]);
    }
  });
  return makers;
}

function nameFor({ layer, axis, positions }: GroupConsumer, names: Set<string>): string {
  const all = positions.flat();
  const whole = all.length === layer.dims[axis];
  const [from, to] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  const base = whole ? layer.name : `${layer.name}[${from}-${to}]`;
  let name = base;
  for (let n = 2; names.has(name); n++) name = `${base}#${n}`;
  names.add(name);
  return name;
}

/** Says why no input channel of a layer can be removed; nothing if one can. */
function whyFrozen(layer: Layer, scope: Scope, channelOf: ChannelGroups['channelOf']): FrozenLayer[] {
  const own = scope.layers.get(layer.node);
  if (!own) {
    const why = scope.reasons.get(layer.node.output[0]);
    const data = layer.node.input.find((value) => value !== layer.weight);
    return [{ name: layer.name, why: why ?? scope.why(data ?? layer.weight) }];
  }
  const ids = own.slot.axes[own.input ?? own.output ?? 0] ?? new Int32Array();
  if (ids.some((id) => channelOf(id))) return [];
  const reason = [...ids].map((id) => scope.atoms.whyFrozen(id)).find((why) => why);
  const distinct = new Set([...ids].map((id) => scope.atoms.find(id))).size;
  const tied =
    distinct < 2
      ? 'all of its input channels can only be removed together'
      : 'no two of its input channels are interchangeable';
  return [{ name: layer.name, why: reason ?? (ids.length < 2 ? 'it has only one input channel' : tied) }];
}
