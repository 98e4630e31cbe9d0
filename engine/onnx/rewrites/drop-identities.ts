import type { Graph } from '../graph';

/**
 * Gives every initializer that passes through an Identity a copy of its own, under the Identity's name: PyTorch's
 * exporter shares weights that merely are equal that way, and they are separate parameters.
 */
export function ownIdentities(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    const constant = node.opType === 'Identity' && !node.domain ? graph.constant(node.input[0]) : undefined;
    if (!constant || graph.isOutput(node.output[0])) continue;
    graph.replace(node, []);
    graph.setConstant(node.output[0], { ...constant, data: constant.data.slice() });
  }
}

/**
 * Removes Identity nodes: readers take the value itself, or, of an initializer, a copy of their own. An Identity that
 * names a graph output stays.
 */
export function dropIdentities(graph: Graph): void {
  ownIdentities(graph);
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Identity' || node.domain) continue;
    const [source, target] = [node.input[0], node.output[0]];
    if (graph.isOutput(target)) continue;
    const uses = graph.uses(target);
    if (uses.some((use) => graph.capturesOf(use).has(target))) continue; // read inside a subgraph
    graph.redirect(target, source);
    graph.replace(node, []);
  }
  graph.removeDead();
}
