import { clone } from '@bufbuild/protobuf';

import type { Graph, Node } from '../graph';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  NodeProtoSchema,
} from '../proto/onnx_pb';

/** Most levels of functions within functions, and most nodes, up to which a model is inlined. */
const mostRounds = 32;
const mostNodes = 100_000;

const keyOf = (domain: string, name: string, overload: string) => `${domain}::${name}::${overload}`;

/**
 * Replaces calls of model-local functions by the functions' bodies, so that the layers inside are visible. A function
 * with a subgraph, or written for another opset version than the model, stays a call, with a note.
 */
export function inlineFunctions(graph: Graph): void {
  const { model } = graph;
  if (!model.functions.length) return;
  const functions = new Map(
    model.functions.map((body) => [keyOf(body.domain, body.name, body.overload), body]),
  );
  const find = (node: Node) => functions.get(keyOf(node.domain, node.opType, node.overload));
  for (let round = 0; round < mostRounds && graph.nodes.length < mostNodes; round++) {
    const calls = graph.nodes.filter((node) => {
      const body = find(node);
      return body && isSimple(graph, body);
    });
    if (!calls.length) break;
    for (const call of calls) {
      if (graph.nodes.length >= mostNodes) break;
      graph.replace(call, bodyOf(graph, call, find(call)!));
    }
  }
  const left = new Set(graph.nodes.flatMap((node) => find(node)?.name ?? []));
  for (const name of left)
    graph.note(
      `model-local function ${name} could not be inlined and is left as it is: shapes after it are unknown`,
    );
  if (!left.size && !graph.nodes.some(({ attribute }) => attribute.some(({ g }) => g))) model.functions = [];
}

/** Tells if a function's operators mean the same in the model, and no subgraph hides any. */
function isSimple({ model }: Graph, body: FunctionProto): boolean {
  const versions = new Map(model.opsetImport.map(({ domain, version }) => [domain, version]));
  const same = body.opsetImport.every(({ domain, version }) => (versions.get(domain) ?? version) === version);
  return same && body.node.every(({ attribute }) => attribute.every(({ g, graphs }) => !g && !graphs.length));
}

function bodyOf(graph: Graph, call: Node, body: FunctionProto): Node[] {
  const names = new Map<string, string>([['', '']]);
  body.input.forEach((name, at) => names.set(name, call.input[at] ?? ''));
  const prefix = call.name || call.output[0];
  const rename = (name: string) => {
    if (!names.has(name)) names.set(name, graph.uniqueName(`${prefix}.${name}`));
    return names.get(name)!;
  };
  const outputs = new Map(body.output.map((name, at) => [name, call.output[at] || undefined]));
  for (const { output } of body.node)
    for (const name of output) if (outputs.get(name)) names.set(name, outputs.get(name)!);
  for (const { domain, version } of body.opsetImport)
    if (!graph.model.opsetImport.some((own) => own.domain === domain))
      graph.model.opsetImport.push({
        ...body.opsetImport.find((other) => other.domain === domain)!,
        version,
      });
  return body.node.map((inner) => {
    const node = clone(NodeProtoSchema, inner);
    node.name = `${prefix}.${inner.name || inner.output[0]}`;
    node.input = inner.input.map(rename);
    node.output = inner.output.map(rename);
    node.attribute = inner.attribute.flatMap((attribute) => given(attribute, call, body));
    return node;
  });
}

/** Resolves an attribute of a function's node: taken from the call (or the function's default) if it refers to one. */
function given(attribute: AttributeProto, call: Node, body: FunctionProto): AttributeProto[] {
  const { refAttrName, name } = attribute;
  if (!refAttrName) return [attribute];
  const source = [...call.attribute, ...body.attributeProto].find((other) => other.name === refAttrName);
  if (!source) return [];
  const copy = clone(AttributeProtoSchema, source);
  copy.name = name;
  return [copy];
}
