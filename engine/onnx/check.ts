import { EngineError } from '../errors';
import { type Graph, type Node } from './graph';
import type { GraphProto } from './proto/onnx_pb';
import { byteLength, isExternal } from './external-data';
import { graphsOf, tensorsOf } from './walk';

/**
 * Oldest version of ONNX's opset that Slimflow reads. ONNX Runtime 1.30 runs no newer one than the newest, and promises
 * nothing for older ones than this.
 */
export const oldestOpset = 7;
/** Newest version of ONNX's opset that Slimflow reads. */
export const newestOpset = 26;

const shown = (node: Node): string => `node ${node.name || node.output[0] || '?'} (${node.opType})`;

/** @throws EngineError `UnsupportedModel` if the model's opset is too old or too new */
export function checkOpset(graph: Graph, name: string): void {
  if (graph.opset >= oldestOpset && graph.opset <= newestOpset) return;
  throw new EngineError(
    'UnsupportedModel',
    `model ${name} uses opset ${graph.opset}, but Slimflow reads opsets ${oldestOpset} to ${newestOpset}: ` +
      (graph.opset < oldestOpset
        ? 'convert it (in Python: onnx.version_converter.convert_version(model, 13)), or export it again with a newer opset'
        : `export it again with opset ${newestOpset} or older`),
  );
}

const quantized = new Set(
  'QuantizeLinear DequantizeLinear DynamicQuantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger'.split(
    ' ',
  ),
);

const isQuantized = ({ domain, opType }: Node): boolean =>
  quantized.has(opType) || (domain === 'com.microsoft' && /^Q[A-Z]|Quant|NBits|Bnb4|Integer/.test(opType));

/** @throws EngineError `UnsupportedModel` if the model's weights or activations are quantized */
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
 * Checks that every value has exactly one source and that every tensor has a valid shape.
 * @throws EngineError `InvalidModel` that names the node
 */
export function checkValues(graph: Graph, name: string): void {
  const broken = (why: string) => new EngineError('InvalidModel', `model ${name}: ${why}`);
  const proto = graph.model.graph!;
  const constants = proto.initializer.map((tensor) => tensor.name);
  const inputs = proto.input.map((input) => input.name);
  const twice = repeated(constants) ?? repeated(inputs);
  if (twice !== undefined) throw broken(`${twice || 'an input without a name'} is defined twice`);
  const all = new Set([...inputs, ...constants]);
  for (const node of graph.nodes) {
    for (const value of node.output) {
      if (value && all.has(value)) throw broken(`${shown(node)} computes ${value}, which is already defined`);
      if (value) all.add(value);
    }
  }
  for (const node of graph.nodes) {
    const missing = [...graph.readsOf(node)].find((value) => !all.has(value));
    if (missing)
      throw broken(`${shown(node)} reads ${missing}, which no node computes; export the model again`);
  }
  const missing = graph.outputs.find((output) => !all.has(output.name));
  if (missing) throw broken(`no node computes its output ${missing.name}`);
  checkShapes(proto);
}

function repeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.size === seen.add(name).size);
}

/** Largest dimension that a shape may have. */
const largest = 2n ** 48n;

/** Finds tensors of an invalid shape when the model is opened, rather than in the middle of the work. */
function checkShapes(proto: GraphProto): void {
  for (const tensor of tensorsOf(proto)) {
    if (tensor.dims.some((dim) => dim < 0n || dim > largest)) {
      throw new EngineError(
        'InvalidModel',
        `tensor ${tensor.name || '?'} has the invalid shape [${tensor.dims.join(', ')}]`,
      );
    }
  }
  for (const tensor of tensorsOf(proto)) {
    const [held, needed] = [tensor.rawData?.length, byteLength(tensor)];
    if (held && needed !== undefined && held !== needed && !isExternal(tensor))
      throw new EngineError(
        'InvalidModel',
        `initializer ${tensor.name || '?'} is broken: its shape [${tensor.dims.join(', ')}] takes ${needed} bytes, but it has ${held}`,
      );
  }
  for (const { input, output } of graphsOf(proto))
    for (const { name, type } of [...input, ...output]) {
      const dims = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
      const wrong = dims.find(({ value }) => value.case === 'dimValue' && value.value > largest);
      if (wrong)
        throw new EngineError(
          'InvalidModel',
          `${name || '?'} has the invalid dimension ${wrong.value.value}`,
        );
    }
}

/**
 * Sorts the nodes so that each comes after those it reads from, keeping their order if it is valid: ONNX requires it,
 * some tools forget it, and ONNX Runtime does not mind.
 * @throws EngineError `InvalidModel` for a cycle
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
        // Nodes later in the list are reached there; those that were listed too early are queued here.
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
      `model ${name}: ${shown(stuck)} depends on its own result: the graph has a cycle`,
    );
  }
  graph.model.graph!.node = sorted;
}
