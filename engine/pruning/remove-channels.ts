import { type Graph, type Node } from '../onnx/graph';
import { sliceAxis } from '../tensor/slice-axis';
import type { Tensor } from '../tensor/tensor';
import type { ChannelGroups } from './channel-groups';
import { type Kept, type Slot } from './edits';
import { keyOf } from '../onnx/layers';
import { checkPlan, type KeepPlan, keptBy } from './keep';

/**
 * Removes from `graph`, in place, all channels that the plan does not keep: along the axes of every parameter that has
 * them, and from the shapes, splits, slices and group counts that mention them. A constant with other readers is copied
 * for the uses that change. `groups` may be those of a graph of which this is a copy with other weights and biases.
 * @throws EngineError `InvalidSettings` if the plan does not fit the groups
 */
export function removeChannels(graph: Graph, groups: ChannelGroups, keep: KeepPlan): void {
  checkPlan(groups, keep);
  const kept = keptBy(groups, keep);
  const shrinks = (ids: Int32Array | undefined) => ids !== undefined && kept(ids).length < ids.length;
  const nodes = new Map(graph.nodes.map((node) => [keyOf(node), node]));
  const slots = [...groups.slots, ...lateBiases(graph, groups, nodes)];
  const changed = slots.filter(({ axes }) => axes.some(shrinks));
  const edits = groups.edits.filter(({ ids }) => ids.some(shrinks));
  if (!changed.length && !edits.length) return;
  for (const slot of changed) shrink(graph, slot, nodes, kept);
  for (const edit of edits) edit.apply(graph, nodes.get(edit.node)!, kept);
  graph.removeDead();
}

/** Finds biases added to layers after their channels were followed, as a refit does. */
function lateBiases(
  graph: Graph,
  { layers, slots }: ChannelGroups,
  nodes: ReadonlyMap<string, Node>,
): Slot[] {
  const known = new Set(
    slots.flatMap(({ uses }) => uses.filter(({ index }) => index === 2).map(({ node }) => node)),
  );
  return [...layers].flatMap(([node, { results }]) => {
    const key = keyOf(node);
    const bias = nodes.get(key)?.input[2];
    const dims = graph.constantDims(bias);
    if (known.has(key) || !bias || dims?.length !== 1 || dims[0] !== results.length) return [];
    return [{ constant: bias, dims, uses: [{ node: key, index: 2 }], axes: [results] }];
  });
}

/** Slices the constants of a slot: one, unless some uses got their own values meanwhile. */
function shrink(graph: Graph, { uses, axes }: Slot, nodes: ReadonlyMap<string, Node>, kept: Kept): void {
  const byName = new Map<string, { node: Node; index: number }[]>();
  for (const { node: key, index } of uses) {
    const node = nodes.get(key)!;
    byName.set(node.input[index], [...(byName.get(node.input[index]) ?? []), { node, index }]);
  }
  for (const [name, at] of byName) {
    const sliced = axes.reduce<Tensor>(
      (tensor, ids, axis) => (ids ? sliceAxis(tensor, axis, kept(ids)) : tensor),
      graph.constant(name)!,
    );
    if (readsOnly(graph, name, at.length)) {
      graph.setConstant(name, sliced);
    } else {
      const own = graph.uniqueName(`${name}.kept`);
      graph.setConstant(own, sliced);
      for (const { node, index } of at) graph.setInput(node, index, own);
    }
  }
}

/** Tells if `count` inputs of nodes are all the readers of a constant. */
function readsOnly(graph: Graph, name: string, count: number): boolean {
  const readers = graph.uses(name);
  const reads = readers.reduce((sum, node) => sum + node.input.filter((value) => value === name).length, 0);
  return (
    reads === count && !readers.some((node) => graph.capturesOf(node).has(name)) && !graph.isOutput(name)
  );
}
