import type { AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto } from './proto/onnx_pb';

/*
 * Walks over everything a model holds, subgraphs (of If, Loop, Scan) included. The nesting is that of the file, which the
 * protobuf reader has bounded already.
 */

/** The graphs of a model or graph: itself, and those within its nodes. */
export function* graphsOf(graph: GraphProto): Generator<GraphProto> {
  yield graph;
  for (const { g, graphs } of attributesIn(graph))
    for (const inner of g ? [g, ...graphs] : graphs) yield* graphsOf(inner);
}

function* attributesIn(graph: GraphProto): Generator<AttributeProto> {
  for (const node of graph.node) yield* node.attribute;
}

/** All tensors of a graph: initializers and those in attributes, of subgraphs too. */
export function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  for (const { initializer, sparseInitializer, node } of graphsOf(graph)) {
    yield* initializer;
    for (const { values, indices } of sparseInitializer)
      for (const tensor of [values, indices]) if (tensor) yield tensor;
    for (const { attribute } of node)
      for (const { t, tensors } of attribute) yield* t ? [t, ...tensors] : tensors;
  }
}

/** All tensors of a model: those of its graph and its functions. */
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

/** The values that a node reads, its subgraphs included. */
export const reads = (node: NodeProto): Set<string> =>
  new Set([...node.input.filter(Boolean), ...captures(node)]);

/** The values that the subgraphs of a node take from outside: what they read and do not define themselves. */
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

/** All values that depend on one of `sources`. */
export function dependents(nodes: readonly NodeProto[], sources: Iterable<string>): Set<string> {
  const known = new Set(sources);
  for (const node of nodes) {
    if (node.input.some((value) => known.has(value))) node.output.forEach((value) => known.add(value));
  }
  return known;
}
