import type { Dim } from './dims';
import type { Graph } from './graph';
import { nameOf } from './layers';
import { inferShapes } from './shapes';

/** A node of a graph as it is drawn: an operator, or an input or output of the model. */
export interface OutlineNode {
  /** As layers are called; unique among operators of most models. */
  readonly name: string;
  /** The operator; `input` or `output` for those of the model. */
  readonly op: string;
  /** Places of the nodes whose values it reads, all before its own. */
  readonly from: readonly number[];
  /** Shape of its first output, the batch first; empty if it is not known. */
  readonly shape: readonly (number | string)[];
}

/** Lists the nodes of a graph with their connections, in execution order: the inputs first, the outputs last. */
export function outlineOf(graph: Graph): OutlineNode[] {
  const shapes = inferShapes(graph);
  const shapeOf = (value: string | undefined) =>
    (shapes.get(value ?? '') ?? []).map((dim: Dim) => dim ?? '?');
  const makers = new Map<string, number>();
  const nodes: OutlineNode[] = graph.inputs.map(({ name }, at) => {
    makers.set(name, at);
    return { name, op: 'input', from: [], shape: shapeOf(name) };
  });
  for (const node of graph.nodes) {
    const from = [...graph.readsOf(node)].flatMap((value) => makers.get(value) ?? []);
    for (const value of node.output) makers.set(value, nodes.length);
    nodes.push({
      name: nameOf(node),
      op: node.opType,
      from: [...new Set(from)],
      shape: shapeOf(node.output.find(Boolean)),
    });
  }
  for (const { name } of graph.outputs) {
    const maker = makers.get(name);
    nodes.push({ name, op: 'output', from: maker === undefined ? [] : [maker], shape: shapeOf(name) });
  }
  return nodes;
}
