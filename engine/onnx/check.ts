import { EngineError } from '../errors';
import { type Graph, type Node } from './graph';
import type { GraphProto } from './proto/onnx_pb';
import { tensorsOf } from './walk';

/**
 * The oldest and the newest version of ONNX's operator set that Slimflow reads: ONNX Runtime 1.30 runs no newer one, and
 * promises nothing of older ones.
 */
export const oldestOpset = 7;
export const newestOpset = 26;

const shown = (node: Node): string => `node ${node.name || node.output[0] || '?'} (${node.opType})`;

/** @throws EngineError `UnsupportedModel` for a model of an operator set that is too old or too new. */
export function checkOpset(graph: Graph, name: string): void {
  if (graph.opset >= oldestOpset && graph.opset <= newestOpset) return;
  throw new EngineError(
    'UnsupportedModel',
    `model ${name} uses operator set ${graph.opset}; Slimflow reads ${oldestOpset} to ${newestOpset}: ` +
      (graph.opset < oldestOpset
        ? "convert it (onnx.version_converter.convert_version(model, 13) of Python's onnx), or export it again with a newer one"
        : `export it again with ${newestOpset} or an older one`),
  );
}

const quantized = new Set(
  'QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger'.split(
    ' ',
  ),
);

const isQuantized = ({ domain, opType }: Node): boolean =>
  quantized.has(opType) || (domain === 'com.microsoft' && /^Q[A-Z]|Quant|NBits|Bnb4|Integer/.test(opType));

/** @throws EngineError `UnsupportedModel` for a model whose weights or activations are quantized. */
export function checkNotQuantized({ model }: Graph, name: string): void {
  const nodes = [...model.graph!.node, ...model.functions.flatMap((body) => body.node)];
  const found = nodes.find(isQuantized);
  if (!found) return;
  throw new EngineError(
    'UnsupportedModel',
    `model ${name} is quantized (${shown(found)}): compress the float model first, then quantize the result`,
  );
}

/**
 * Every value has one source, and every value that is read has one; every tensor a shape.
 * @throws EngineError `InvalidModel` naming the node.
 */
export function checkValues(graph: Graph, name: string): void {
  const broken = (why: string) => new EngineError('InvalidModel', `model ${name}: ${why}`);
  const proto = graph.model.graph!;
  const constants = proto.initializer.map((tensor) => tensor.name);
  const inputs = proto.input.map((input) => input.name);
  const twice = repeated(constants) ?? repeated(inputs);
  if (twice !== undefined) throw broken(`${twice || 'an input without a name'} is there twice`);
  const all = new Set([...inputs, ...constants]);
  for (const node of graph.nodes) {
    for (const value of node.output) {
      if (value && all.has(value)) throw broken(`${shown(node)} computes ${value}, which is there already`);
      if (value) all.add(value);
    }
  }
  for (const node of graph.nodes) {
    const missing = [...graph.readsOf(node)].find((value) => !all.has(value));
    if (missing)
      throw broken(`${shown(node)} reads ${missing}, which nothing computes; export the model again`);
  }
  const missing = graph.outputs.find((output) => !all.has(output.name));
  if (missing) throw broken(`nothing computes its output ${missing.name}`);
  checkShapes(proto);
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Tensors without a legal shape are found when the model is opened, not in the middle of the work. */
function checkShapes(proto: GraphProto): void {
  for (const tensor of tensorsOf(proto)) {
    if (tensor.dims.some((dim) => dim < 0n || dim > 2n ** 48n)) {
      throw new EngineError(
        'InvalidModel',
        `tensor ${tensor.name || '?'} has the shape [${tensor.dims.join(', ')}]`,
      );
    }
  }
}

/**
 * Brings the nodes into an order in which each comes after those it reads from, keeping theirs where it is one: ONNX
 * asks for it, some tools forget it, and ONNX Runtime does not mind.
 * @throws EngineError `InvalidModel` for a cycle.
 */
export function sortNodes(graph: Graph, name: string): void {
  const nodes = graph.nodes;
  const waits = new Map<Node, number>();
  for (const node of nodes) {
    const before = new Set([...graph.readsOf(node)].map((value) => graph.producer(value)));
    before.delete(undefined);
    waits.set(node, before.size);
  }
  const position = new Map(nodes.map((node, at) => [node, at]));
  const sorted: Node[] = [];
  let inOrder = true;
  const take = (first: Node) => {
    for (const queue = [first]; queue.length;) {
      const node = queue.shift()!;
      sorted.push(node);
      for (const next of new Set(node.output.flatMap((value) => [...graph.uses(value)]))) {
        waits.set(next, waits.get(next)! - 1);
        // What stands later in the list is met there; what stood too early is made up for here.
        if (waits.get(next) === 0 && position.get(next)! < position.get(first)!) queue.push(next);
      }
    }
  };
  for (const node of nodes) {
    if (waits.get(node) === 0) take(node);
    else inOrder = false;
  }
  if (inOrder) return;
  if (sorted.length < nodes.length) {
    const stuck = nodes.find((node) => waits.get(node))!;
    throw new EngineError(
      'InvalidModel',
      `model ${name}: ${shown(stuck)} waits for its own result: the graph has a cycle`,
    );
  }
  graph.model.graph!.node = sorted;
}
