import type { Graph } from '../graph';

/**
 * Gives every initializer that passes through an Identity its own copy, under the Identity's name: PyTorch's exporter
 * uses Identity to share weights that happen to be equal, although they are separate parameters. The graph's context
 * records the copies; `restoreIdentities` shares those again that stayed equal.
 */
export function ownIdentities(graph: Graph): void {
  const sources = new Map<string, string>();
  for (const node of [...graph.nodes]) {
    const [source, target] = [node.input[0], node.output[0]];
    const constant = node.opType === 'Identity' && !node.domain ? graph.constant(source) : undefined;
    if (!constant || graph.isOutput(target)) continue;
    graph.replace(node, []);
    graph.setConstant(target, { ...constant, data: constant.data.slice() });
    sources.set(target, source);
  }
  if (!sources.size) return;
  const tensors = new Map(graph.model.graph!.initializer.map((tensor) => [tensor.name, tensor]));
  const copies = new Map(graph.context.copies);
  // In execution order, so that a copy's source is known by its own original.
  for (const [target, source] of sources) {
    const from = tensors.get(source)!;
    copies.set(tensors.get(target)!, copies.get(from) ?? from);
  }
  graph.context = { ...graph.context, copies };
}

/**
 * Removes Identity nodes: readers take the value itself or, for an initializer, its own copy. An Identity that names a
 * graph output, or that a subgraph reads, stays.
 */
export function dropIdentities(graph: Graph): void {
  ownIdentities(graph);
  for (const node of [...graph.nodes]) {
    if (node.opType === 'Identity' && !node.domain) graph.bypass(node);
  }
  graph.removeDead();
}
