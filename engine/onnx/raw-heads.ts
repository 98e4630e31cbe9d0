import { asFloats } from '../tensor/as-floats';
import { sizeOf } from '../tensor/tensor';
import type { Graph, Node } from './graph';

/** Operators with a constant weight that training fits. */
const fitted = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);
/** Operators that pass values on, in another order or shape, or end a network as a loss would. */
const plain = new Set(
  'Reshape Flatten Squeeze Unsqueeze Transpose Concat Split Slice Identity Cast Sigmoid Softmax LogSoftmax Shape Gather'.split(
    ' ',
  ),
);
/** Largest weight that may be a decoder's constant: those of YOLO's DFL have 16 elements. */
const mostOfDecoder = 2 ** 10;

/** A result of a network's last layers, and what its layer reads. */
export interface RawHead {
  /** The layer's result, with a bias or BatchNormalization that follows it. */
  readonly value: string;
  /** The layer's input: the features that the head is computed from. */
  readonly features: string;
}

/**
 * Finds the results of the last layers that training has fitted: those that no other one follows on the way to the
 * outputs. Layers whose weights are whole numbers decode, such as the convolution with 0, 1, … 15 of YOLO's DFL, and do
 * not count.
 * @returns in execution order; none if the graph has no layers
 */
export function lastResults(graph: Graph): RawHead[] {
  const wanted = new Set(graph.outputs.map(({ name }) => name));
  /** Values that a layer found later on depends on. */
  const before = new Set<string>();
  const found: RawHead[] = [];
  for (const node of [...graph.nodes].reverse()) {
    const leads = node.output.some((value) => before.has(value));
    if (!leads && !node.output.some((value) => wanted.has(value))) continue;
    const isLast = !leads && isFitted(graph, node);
    if (isLast) found.push({ value: withBias(graph, node.output[0]), features: dataOf(graph, node) });
    for (const value of graph.readsOf(node)) (leads || isLast ? before : wanted).add(value);
  }
  return found.reverse();
}

/**
 * Names the raw heads of a network that decodes them itself, such as a detector that returns boxes: by its outputs it
 * can hardly be judged, since anchors and sizes in pixels outweigh all scores, and since a choice of boxes hides what
 * changed. Undefined if its outputs are what its last layers return, in whatever order and shape.
 */
export function decodedHeads(graph: Graph): string[] | undefined {
  const heads = lastResults(graph).map(({ value }) => value);
  if (heads.length < 2) return undefined;
  const after = new Set(heads);
  let decodes = false;
  for (const node of graph.nodes) {
    if (!node.output.length || node.output.some((value) => after.has(value))) continue;
    if (![...graph.readsOf(node)].some((value) => after.has(value))) continue;
    decodes ||= Boolean(node.domain) || !plain.has(node.opType);
    node.output.forEach((value) => value && after.add(value));
  }
  return decodes ? heads : undefined;
}

function isFitted(graph: Graph, node: Node): boolean {
  if (node.domain || !fitted.has(node.opType)) return false;
  const weight = [node.input[1], node.input[0]].find((value) => graph.isConstant(value));
  const dims = graph.constantDims(weight);
  if (!weight || !dims) return false;
  if (sizeOf(dims) > mostOfDecoder) return true;
  const values = asFloats(graph.constant(weight)!);
  // Zeros, or ones, may be where a training began.
  return !values?.every((value) => Number.isInteger(value)) || values.every((value) => value === values[0]);
}

const dataOf = (graph: Graph, { input }: Node): string => (graph.isConstant(input[0]) ? input[1] : input[0]);

/** Follows a result through the addition of a vector, a bias of a MatMul, and BatchNormalization. */
function withBias(graph: Graph, value: string): string {
  const uses = graph.uses(value);
  const [next] = uses;
  if (uses.length !== 1 || next.domain) return value;
  const other = next.input.find((input) => input !== value);
  const isBias = next.opType === 'Add' && graph.constantDims(other)?.length === 1;
  return isBias || next.opType === 'BatchNormalization' ? next.output[0] : value;
}
