import { copiesOf } from '../copies';
import { Graph, makeNode } from '../graph';

/**
 * Undoes `ownIdentities` on a copy: initializers that still equal their source become Identity nodes again, so that the
 * saved model holds their values once. A graph without such initializers is returned itself.
 */
export function restoreIdentities(graph: Graph): Graph {
  const copies = copiesOf(graph);
  if (!copies.size) return graph;
  const { model } = graph.clone();
  model.graph!.initializer = model.graph!.initializer.filter(({ name }) => !copies.has(name));
  const out = new Graph(model, graph.context);
  const nodes = [...copies].map(([copy, holder]) =>
    makeNode({ op: 'Identity', inputs: [holder], outputs: [copy] }),
  );
  out.insert(nodes, out.nodes[0]);
  return out;
}
