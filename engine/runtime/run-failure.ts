import { EngineError } from '../errors';
import type { Graph, Node } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import { nameOf } from '../onnx/layers';
import { operatorOf } from '../onnx/shapes';
import { numbersOf } from '../tensor/tensor';
import { table } from '../table';

/** Patterns by which ONNX Runtime's messages name the node at fault. */
const naming = [
  /running (?:\S+) node\. Name:'([^']*)'/,
  /node with name '([^']*)'/,
  /In Node, \("([^"]*)"/,
  /Node:? ?\(([^)]*)\)/,
];

/** Finds the node that ONNX Runtime's message about a failure names. */
export function failedNode(graph: Graph, error: Error): Node | undefined {
  for (const pattern of naming) {
    const name = pattern.exec(error.message)?.[1];
    const node = name ? graph.nodes.find((one) => one.name === name) : undefined;
    if (node) return node;
  }
  return undefined;
}

/** Names a node and its operator for people. */
const told = (node: Node): string => `node ${nameOf(node)} (${operatorOf(node)})`;

/** Says, in the project's words, that ONNX Runtime can't load a model or run it on samples. */
export function cannotRun(
  graph: Graph,
  { model, on }: { readonly model: string; readonly on: string },
  error: EngineError,
): EngineError {
  if (error.code !== 'UnsupportedModel') return error; // it says what does not fit
  const node = failedNode(graph, error);
  const at = node ? `${told(node)} of model ${model}` : `model ${model}`;
  return new EngineError(
    'UnsupportedModel',
    `${at} can't be run on ${on}: check that the data are what the model was exported for (their size, \`layout\`, \`inputs\`), and the file by onnx.checker.check_model(…, full_check=True)`,
    { cause: error },
  );
}

/** Says that a model runs on one sample and not on several, which node fixes the batch, and how to export it otherwise. */
export function batchIsFixed(
  graph: Graph,
  model: string,
  inputs: readonly string[],
  error?: Error,
): EngineError {
  const node = bakedBatch(graph, inputs) ?? (error && failedNode(graph, error));
  const image = imageInput(graph, inputs).name;
  return new EngineError(
    'UnsupportedModel',
    `model ${model} runs on one sample, not on several${node ? `, since ${told(node)} is exported for a batch of 1` : ''}: ` +
      `export it with an open batch, torch.onnx.export(…, dynamic_axes={'${image}': {0: 'batch'}}) or dynamic_shapes, and with sizes from the tensor (x.flatten(1)) rather than numbers`,
    { cause: error },
  );
}

/** Operators whose constant input fixes a shape, and which input that is. */
const fixing = table<number>({ Reshape: 1, Expand: 1, ConstantOfShape: 0, Tile: 1 });

/** The first node after the image that is given a constant shape with a batch of 1. */
function bakedBatch(graph: Graph, inputs: readonly string[]): Node | undefined {
  const after = new Set([imageInput(graph, inputs).name]);
  for (const node of graph.nodes) {
    if (![...graph.readsOf(node)].some((value) => after.has(value))) continue;
    node.output.forEach((value) => after.add(value));
    const shape = graph.constant(node.input[fixing[node.opType] ?? -1]);
    if (!node.domain && shape && shape.dims[0] > 1 && numbersOf(shape)[0] === 1 && node.opType !== 'Tile')
      return node;
  }
  return undefined;
}
