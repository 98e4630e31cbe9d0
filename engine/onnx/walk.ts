import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './proto/onnx_pb';

/*
 * Walks over everything in a model, including subgraphs (of If, Loop, Scan). The nesting is that of the file, whose
 * depth the protobuf reader has already bounded.
 */

/** Yields a graph and the subgraphs within its nodes. */
export function* graphsOf(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const { g, graphs } of attributesIn(graph))
    for (const inner of g ? [g, ...graphs] : graphs) yield* graphsOf(inner);
}

function* attributesIn(graph: GraphProto): Generator<AttributeProto> {
  for (const node of graph.node) yield* node.attribute;
}

/** Yields all tensors of a graph: initializers and those in attributes, including subgraphs. */
export function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  for (const { initializer, sparseInitializer, node } of graphsOf(graph)) {
    yield* initializer;
    for (const { values, indices } of sparseInitializer)
      for (const tensor of [values, indices]) if (tensor) yield tensor;
    for (const { attribute } of node)
      for (const { t, tensors } of attribute) yield* t ? [t, ...tensors] : tensors;
  }
}

/** Yields all tensors of a model: those of its graph and its functions. */
export function* allTensors(model: ModelProto): Generator<TensorProto> {
  yield* tensorsOf(model.graph!);
  for (const { node } of model.functions)
    for (const { attribute } of node) {
      for (const { t, tensors, g, graphs } of attribute) {
        yield* t ? [t, ...tensors] : tensors;
        for (const inner of g ? [g, ...graphs] : graphs) yield* tensorsOf(inner);
      }
    }
}

/** Collects the values that a node reads, including its subgraphs. */
export const reads = (node: NodeProto): Set<string> =>
  new Set([...node.input.filter(Boolean), ...captures(node)]);

/** Collects the values that the subgraphs of a node capture: those they read and do not define themselves. */
export function captures(node: NodeProto): Set<string> {
  const values = new Set<string>();
  for (const { g, graphs } of node.attribute) {
    for (const graph of g ? [g, ...graphs] : graphs) {
      const own = new Set(
        [...graph.input, ...graph.initializer, ...graph.node.flatMap(({ output }) => output)].map((value) =>
          typeof value === 'string' ? value : value.name,
        ),
      );
      for (const inner of graph.node)
        for (const value of reads(inner)) if (!own.has(value)) values.add(value);
    }
  }
  return values;
}

/** Collects all values that depend on one of `sources`. */
export function dependents(nodes: readonly NodeProto[], sources: Iterable<string>): Set<string> {
  const known = new Set(sources);
  for (const node of nodes) {
    if (node.input.some((value) => known.has(value))) node.output.forEach((value) => known.add(value));
  }
  return known;
}
