import { clone } from '@bufbuild/protobuf';

import type { Dataset, Labels } from '../../data/dataset';
import { EngineError } from '../../errors';
import { Graph, type Node } from '../../onnx/graph';
import { parseModel } from '../../onnx/model';
import { prepare } from '../../onnx/open-model';
import { ModelProtoSchema, NodeProtoSchema } from '../../onnx/proto/onnx_pb';
import { typeOf } from '../../onnx/tensor-proto';
import { Session } from '../../runtime/session';
import { shapesOfRuns } from '../../runtime/run-shapes';
import { type ElementType, floats, numbersOf, type Tensor, zeros } from '../../tensor/tensor';
import { backward } from '../gradients/backward';
import type { Shape } from '../emit/batch-shapes';
import type { Builder } from '../emit/builder';
import type { Part } from './rule';

/** Name of a loss graph's input for the labels. */
const labelsInput = 'labels';

/** A user's loss, made to fit a model. */
export interface GraphLoss {
  /** The loss: its inputs are values of the model, and labels; its only output is a scalar. */
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
  /** Outputs of the model that it reads. */
  readonly outputs: readonly string[];
  /** Type that it wants labels in; undefined if it reads none. */
  readonly labels?: ElementType;
  /** The loss of outputs that are all 0, which say nothing: that of guessing, by which divergence is told. */
  readonly chance: number;
}

/**
 * Opens a loss that is an ONNX graph: from outputs of the model, by their names, and `labels`, to a scalar that training
 * lowers. Its gradients come from the same table as the model's.
 * @param base64 the file
 * @param shapes of the model's values
 * @param data what is trained on
 * @throws EngineError `InvalidSettings` that says how it does not fit
 */
export async function openGraphLoss(
  base64: string,
  model: Graph,
  shapes: ReadonlyMap<string, Shape>,
  data: Dataset,
): Promise<GraphLoss> {
  const { labelShape, floatLabels, labelled } = data;
  const given = parseModel(Buffer.from(base64, 'base64'), 'of the loss');
  // Axes and exponents are constants only then.
  prepare(given);
  const known = model.outputs.map(({ name }) => name);
  const refuse = (why: string) =>
    new EngineError('InvalidSettings', `fine-tuning setting loss: the graph ${why}`);
  for (const { name } of given.inputs)
    if (name !== labelsInput && !known.includes(name))
      throw refuse(
        `has input ${name}, which is no output of the model (${known.join(', ')}) and not called labels`,
      );
  const outputs = given.inputs.map(({ name }) => name).filter((name) => name !== labelsInput);
  if (!outputs.length) throw refuse(`reads no output of the model (${known.join(', ')})`);
  if (given.outputs.length !== 1)
    throw refuse(`must have one output, a scalar: it has ${given.outputs.length}`);
  if (given.opset !== model.opset)
    throw refuse(`has opset ${given.opset}, the model ${model.opset}: export it with that of the model`);
  const graph = renamed(given, outputs);
  const wanted = given.inputs.find(({ name }) => name === labelsInput);
  const labels = wanted && (typeOf(wanted.elementType) ?? 'float32');
  if (labels && !labelled) throw refuse('reads labels, but the training data have none');
  const fedLabels: ElementType = labels ?? (floatLabels ? 'float32' : 'int64');
  const feeds = [2, 3].map((batch): Record<string, Tensor> => {
    const shapeOf = (name: string) => sized(shapes.get(name) ?? [], batch);
    return {
      ...Object.fromEntries(outputs.map((name) => [name, zeros('float32', shapeOf(name))])),
      ...(labels && { [prefix + labelsInput]: zeros(fedLabels, [batch, ...labelShape]) }),
    };
  });
  const values = [...graph.inputs.map(({ name }) => name), ...graph.nodes.flatMap(({ output }) => output)];
  const [two, three] = await shapesOfRuns(graph, values.filter(Boolean), feeds).catch((error: unknown) => {
    throw new EngineError(
      'InvalidSettings',
      `fine-tuning setting loss: the graph can't be run on the model's outputs and labels: ${(error as Error).message}`,
      { cause: error },
    );
  });
  const [{ name: scalar }] = graph.outputs;
  if ((two.get(scalar) ?? [0]).length)
    throw refuse(`must end in a scalar: ${given.outputs[0].name} has shape [${two.get(scalar)?.join(', ')}]`);
  const measured = new Map<string, Shape>();
  for (const [name, dims] of two)
    measured.set(
      name,
      dims.map((dim, axis) => (dim === three.get(name)?.[axis] ? dim : -1)),
    );
  for (const name of graph.initializers) measured.set(name, graph.constant(name)?.dims ?? []);
  const batch = data.slice(0, guessed);
  const dims = [batch.size, ...labelShape];
  const guess = Object.fromEntries(
    outputs.map((name) => [name, zeros('float32', sized(shapes.get(name) ?? [], batch.size))]),
  );
  const told = labels && { [prefix + labelsInput]: labelsAs(labels, batch.labels, dims) };
  const session = await Session.open(graph, { threads: 1, provider: 'cpu' });
  try {
    const [chance = 0] = numbersOf((await session.run({ ...guess, ...told }))[scalar]);
    const isUsual = Number.isFinite(chance) && chance > 0;
    return { graph, shapes: measured, outputs, ...(labels && { labels }), chance: isUsual ? chance : 0 };
  } finally {
    await session.close();
  }
}

const sized = (shape: Shape, batch: number) => shape.map((dim) => (dim === -1 ? batch : dim));
/** Samples that the loss of guessing is computed on. */
const guessed = 64;

/** Returns labels as a loss wants them. */
function labelsAs(type: ElementType, labels: Labels, dims: readonly number[]): Tensor {
  if (type === 'float32') return floats(dims, Float32Array.from(labels));
  const tensor = zeros(type, dims);
  labels.forEach((label: number, at: number) => {
    tensor.data[at] = tensor.data instanceof BigInt64Array ? BigInt(Math.trunc(label)) : label;
  });
  return tensor;
}

/** Emits a user's loss, and its gradients by the outputs that it reads. @param labels name of the labels as they are fed */
export function emitGraphLoss(
  builder: Builder,
  { graph, shapes, labels: wanted, outputs }: GraphLoss,
  labels: string,
): Part[] {
  const shapeOf = (value: string) => shapes.get(value) ?? builder.shapes.get(value) ?? [];
  for (const [name, dims] of shapes) if (!outputs.includes(name)) builder.shapes.set(name, dims);
  for (const name of graph.initializers) builder.constant(graph.constant(name)!, name);
  const types = { float32: 1, int64: 7, int32: 6, float64: 11 } as const;
  if (wanted) {
    const to = types[wanted as keyof typeof types] ?? 1;
    builder.op('Cast', [labels], { to }, prefix + labelsInput);
  }
  builder.nodes.push(...graph.nodes);
  const [{ name: loss }] = graph.outputs;
  const seeds = new Map([[loss, builder.scalar(1)]]);
  const gradients = backward(builder, { graph, nodes: graph.nodes, shapeOf }, seeds, outputs);
  const used = outputs.filter((name) => gradients.has(name));
  if (!used.length)
    throw new EngineError(
      'InvalidSettings',
      `fine-tuning setting loss: its graph does not depend on ${outputs.join(', ')} in a way that has a gradient`,
    );
  // The loss counts once, however many outputs it reads.
  return used.map((name, at): Part => [
    name,
    { loss: at ? builder.scalar(0) : loss, gradient: gradients.get(name)! },
  ]);
}

/** Keeps a loss's names distinct from the model's. */
const prefix = 'loss/';

/** Copies a graph with the names of its values prefixed, but for the model's outputs. */
function renamed(graph: Graph, outputs: readonly string[]): Graph {
  const message = clone(ModelProtoSchema, graph.model);
  const own = message.graph!;
  const named = (name: string) => (name && !outputs.includes(name) ? prefix + name : name);
  own.node = own.node.map((node): Node => {
    if (graph.capturesOf(node).size)
      throw new EngineError(
        'InvalidSettings',
        `fine-tuning setting loss: node ${node.name || node.output[0]} (${node.opType}) of its graph has subgraphs, which a loss must not have`,
      );
    const copy = clone(NodeProtoSchema, node);
    copy.name = node.name && prefix + node.name;
    copy.input = node.input.map(named);
    copy.output = node.output.map(named);
    return copy;
  });
  for (const list of [own.input, own.output, own.valueInfo, own.initializer])
    for (const one of list) one.name = named(one.name);
  return new Graph(message);
}
