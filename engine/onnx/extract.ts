import { clone, create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import type { ElementType } from '../tensor/tensor';
import { Graph, type Node } from './graph';
import type { Dim } from './dims';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './proto/onnx_pb';
import type { Shapes } from './shapes';
import { codeOf } from './tensor-proto';

/** Declares a graph's input or output; without `dims` its shape is open. */
export function declare(name: string, dims?: readonly Dim[], type: ElementType = 'float32'): ValueInfoProto {
  const dim = (size: Dim): TensorShapeProto_Dimension =>
    create(TensorShapeProto_DimensionSchema, {
      value:
        typeof size === 'number'
          ? { case: 'dimValue', value: BigInt(size) }
          : size
            ? { case: 'dimParam', value: size }
            : { case: undefined },
    });
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: { elemType: codeOf(type), ...(dims && { shape: { dim: dims.map(dim) } }) },
      },
    },
  });
}

/**
 * Extracts the part of `graph` that computes `outputs` from `inputs`, as a graph that shares the weights' memory.
 * Inputs may be any values inside the graph, of 32-bit floats unless `types` says otherwise; initializers named among
 * them become inputs.
 * @throws EngineError `UnsupportedModel` if `outputs` need more than `inputs`
 */
export function extract(
  graph: Graph,
  inputs: readonly string[],
  outputs: readonly string[],
  shapes?: Shapes,
  types?: ReadonlyMap<string, ElementType>,
): Graph {
  const { nodes, needed } = nodesFor(graph, outputs, new Set(inputs));
  const computed = new Set(nodes.flatMap(({ output }) => output));
  const missing = [...needed].find((value) => !computed.has(value) && !graph.isConstant(value));
  if (missing)
    throw new EngineError('UnsupportedModel', `cannot compute ${outputs.join(', ')} without ${missing}`);
  const { graph: proto, ...rest } = graph.model;
  const input = (name: string) =>
    graph.declaration(name) ?? declare(name, shapes?.get(name), types?.get(name));
  // Whoever runs the graph infers an output's type, which may be an integer's.
  const output = (name: string) => graph.declaration(name) ?? create(ValueInfoProtoSchema, { name });
  return new Graph(
    create(ModelProtoSchema, {
      ...rest,
      graph: create(GraphProtoSchema, {
        name: proto!.name,
        node: nodes,
        initializer: proto!.initializer.filter(({ name }) => needed.has(name)),
        input: inputs.map(input),
        output: outputs.map((name) => clone(ValueInfoProtoSchema, output(name))),
      }),
    }),
    graph.context,
  );
}

/**
 * Lists the nodes that compute `outputs` from the values `given` and constants, in execution order, and all values that
 * they read or compute.
 */
export function nodesFor(
  graph: Graph,
  outputs: readonly string[],
  given: ReadonlySet<string> = new Set(),
): { nodes: Node[]; needed: ReadonlySet<string> } {
  const needed = new Set(outputs.filter((value) => !given.has(value)));
  const nodes: Node[] = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.output.some((value) => needed.has(value))) continue;
    nodes.push(node);
    for (const value of graph.readsOf(node)) if (!given.has(value)) needed.add(value);
  }
  return { nodes: nodes.reverse(), needed };
}
