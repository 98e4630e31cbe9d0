import type { Graph } from '../graph';

/**
 * Removes Identity nodes: readers take the value itself; an initializer passed through one (PyTorch's exporter shares
 * equal weights that way) becomes an initializer of its own under the Identity's name, since the two are separate
 * parameters. An Identity that names a graph output stays.
 */
export function dropIdentities(graph: Graph): void {
  for (const node of [...graph.nodes]) {
    if (node.opType !== 'Identity' || node.domain) continue;
    const [source, target] = [node.input[0], node.output[0]];
    if (graph.isOutput(target)) continue;
    const constant = graph.constant(source);
    if (constant) {
      graph.replace(node, []);
      graph.setConstant(target, { ...constant, data: constant.data.slice() });
      continue;
    }
    const uses = graph.uses(target);
    if (uses.some((use) => graph.capturesOf(use).has(target))) continue; // read inside a subgraph
    for (const use of uses)
      use.input.forEach((value, at) => value === target && graph.setInput(use, at, source));
    graph.replace(node, []);
  }
  graph.removeDead();
}
