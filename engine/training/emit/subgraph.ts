import { clone, create } from '@bufbuild/protobuf';

import { makeNode, type Node } from '../../onnx/graph';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
} from '../../onnx/proto/onnx_pb';
import { graphsOf } from '../../onnx/walk';
import type { Attributes } from './builder';

/** Makes a node that runs a graph of its own: Scan, Loop. */
export function makeLoop(
  op: 'Scan' | 'Loop',
  { inputs, outputs }: { readonly inputs: readonly string[]; readonly outputs: readonly string[] },
  body: GraphProto,
  attributes: Attributes = {},
): Node {
  const node = makeNode({ op, name: body.name, inputs, outputs, attributes });
  node.attribute.push(
    create(AttributeProtoSchema, { name: 'body', type: AttributeProto_AttributeType.GRAPH, g: body }),
  );
  return node;
}

/** Copies a graph with other names of values, including in the graphs of its nodes; '' (left out) stays. */
export function renamed(graph: GraphProto, nameOf: (name: string) => string): GraphProto {
  const copy = clone(GraphProtoSchema, graph);
  const named = (name: string) => name && nameOf(name);
  for (const { node, initializer, input, output } of graphsOf(copy)) {
    for (const value of [...initializer, ...input, ...output]) value.name = named(value.name);
    for (const one of node) {
      one.input = one.input.map(named);
      one.output = one.output.map(named);
      one.name = named(one.name);
    }
  }
  return copy;
}
