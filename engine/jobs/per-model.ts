import type { Graph } from '../onnx/graph';

/**
 * A function of a model and of settings that is worked out once for both: jobs ask about the same model again, a part at a
 * time. What throws is tried again. It is forgotten with the graph.
 */
export function perModel<Settings extends readonly unknown[], T>(
  work: (graph: Graph, ...settings: Settings) => T,
): (graph: Graph, ...settings: Settings) => T {
  const known = new WeakMap<Graph, Map<string, T>>();
  return (graph, ...settings) => {
    const found = known.get(graph) ?? new Map<string, T>();
    known.set(graph, found);
    const key = JSON.stringify(settings);
    if (!found.has(key)) found.set(key, work(graph, ...settings));
    return found.get(key)!;
  };
}
