import { clone } from '@bufbuild/protobuf';

import { EngineError } from '../../errors';
import { type Graph, makeNode, type Node } from '../graph';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  NodeProtoSchema,
} from '../proto/onnx_pb';

/** Most nodes that inlining may make; and most calls that it follows, since functions without nodes multiply too. */
const most = 200_000;

const keyOf = (domain: string, name: string, overload: string) => `${domain}::${name}::${overload}`;

/**
 * Replaces calls of model-local functions by the functions' bodies, so that the layers inside are visible, in time
 * linear in the nodes that result. A function with a subgraph, or written for another opset version than the model,
 * stays a call, with a note.
 * @throws EngineError `InvalidModel` if a function calls itself, also by way of others; `UnsupportedModel` if more than
 * 200,000 nodes would result
 */
export function inlineFunctions(graph: Graph): void {
  const { model } = graph;
  if (!model.functions.length) return;
  const functions = new Map(
    model.functions.map((body) => [keyOf(body.domain, body.name, body.overload), body]),
  );
  const find = (node: Node) => functions.get(keyOf(node.domain, node.opType, node.overload));
  const simple = new Map(model.functions.map((body) => [body, isSimple(graph, body)]));
  refuseRecursion(model.functions, find);
  const names = new Names(graph);
  const nodes: Node[] = [];
  const left = new Set<string>();
  const waiting = [...graph.nodes].reverse();
  for (let calls = 0; waiting.length;) {
    const node = waiting.pop()!;
    const body = find(node);
    if (body && simple.get(body)) {
      if (++calls + nodes.length > most) throw tooMany(body);
      importOpsets(graph, body);
      for (const inner of bodyOf(names, node, body).reverse()) waiting.push(inner);
      continue;
    }
    if (body) left.add(body.name);
    nodes.push(node);
  }
  model.graph!.node = nodes;
  graph.reindex();
  for (const name of left)
    graph.note(
      `model-local function ${name} could not be inlined and is left as it is: shapes after it are unknown`,
    );
  if (!left.size && !graph.nodes.some(({ attribute }) => attribute.some(({ g }) => g))) model.functions = [];
}

const tooMany = ({ name }: FunctionProto): EngineError =>
  new EngineError(
    'UnsupportedModel',
    `model-local functions expand to more than ${most} nodes, last in function ${name}: export the model without functions`,
  );

/** Tells if a function's operators mean the same in the model, and no subgraph hides any. */
function isSimple({ model }: Graph, body: FunctionProto): boolean {
  const versions = new Map(model.opsetImport.map(({ domain, version }) => [domain, version]));
  const same = body.opsetImport.every(({ domain, version }) => (versions.get(domain) ?? version) === version);
  return same && body.node.every(({ attribute }) => attribute.every(({ g, graphs }) => !g && !graphs.length));
}

/** @throws EngineError if a function calls itself: a depth-first search without recursion, as chains may be long */
function refuseRecursion(
  functions: readonly FunctionProto[],
  find: (node: Node) => FunctionProto | undefined,
): void {
  const callees = (body: FunctionProto) => new Set(body.node.flatMap((node) => find(node) ?? []));
  const done = new Set<FunctionProto>();
  for (const first of functions) {
    const open = new Set<FunctionProto>();
    const path: { readonly body: FunctionProto; readonly rest: FunctionProto[] }[] = [];
    const enter = (body: FunctionProto) => {
      open.add(body);
      path.push({ body, rest: [...callees(body)] });
    };
    if (!done.has(first)) enter(first);
    while (path.length) {
      const { body, rest } = path.at(-1)!;
      const next = rest.pop();
      if (!next) {
        path.pop();
        open.delete(body);
        done.add(body);
      } else if (open.has(next))
        throw new EngineError(
          'InvalidModel',
          `model-local function ${next.name} calls itself, which ONNX does not allow; export the model again`,
        );
      else if (!done.has(next)) enter(next);
    }
  }
}

/** Names that values and nodes of a graph have, to which inlining adds many. */
class Names {
  private readonly taken: Set<string>;
  /** The last number given to a name, so that a name wanted often is not searched for from 1. */
  private readonly last = new Map<string, number>();

  constructor({ model, nodes }: Graph) {
    this.taken = new Set([
      ...[...model.graph!.input, ...model.graph!.initializer].map(({ name }) => name),
      ...nodes.flatMap(({ input, output }) => [...input, ...output]),
    ]);
  }

  unique(base: string): string {
    let name = base;
    let count = this.last.get(base) ?? 0;
    while (this.taken.has(name)) name = `${base}_${++count}`;
    this.last.set(base, count);
    this.taken.add(name);
    return name;
  }
}

/** Longest prefix of names within a function: those of calls within calls would grow without end. */
const longestPrefix = 200;

function bodyOf(taken: Names, call: Node, body: FunctionProto): Node[] {
  const names = new Map<string, string>([['', '']]);
  body.input.forEach((name, at) => names.set(name, call.input[at] ?? ''));
  const prefix = (call.name || call.output[0] || body.name).slice(0, longestPrefix);
  const rename = (name: string) => {
    if (!names.has(name)) names.set(name, taken.unique(`${prefix}.${name}`));
    return names.get(name)!;
  };
  const computed = new Set(body.node.flatMap(({ output }) => output));
  // An output that is an input, or listed twice, gets its name by an Identity.
  const aliases: [name: string, target: string][] = [];
  body.output.forEach((name, at) => {
    const target = call.output[at];
    if (!target) return;
    if (computed.has(name) && !names.has(name)) names.set(name, target);
    else if (names.get(name)) aliases.push([names.get(name)!, target]);
  });
  const nodes = body.node.map((inner) => {
    const node = clone(NodeProtoSchema, inner);
    node.name = `${prefix}.${inner.name || inner.output[0] || inner.opType}`;
    node.input = inner.input.map(rename);
    node.output = inner.output.map(rename);
    node.attribute = inner.attribute.flatMap((attribute) => given(attribute, call, body));
    return node;
  });
  return [
    ...nodes,
    ...aliases.map(([name, target]) => makeNode({ op: 'Identity', inputs: [name], outputs: [target] })),
  ];
}

function importOpsets({ model }: Graph, body: FunctionProto): void {
  for (const opset of body.opsetImport)
    if (!model.opsetImport.some(({ domain }) => domain === opset.domain))
      model.opsetImport.push({ ...opset });
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
