import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import { floatOf } from '../onnx/attributes';
import { declare } from '../onnx/extract';
import { type Graph, makeNode, type Node } from '../onnx/graph';
import { Session } from '../runtime/session';
import { floats, type FloatTensor, isFloat } from '../tensor/tensor';
import { backward } from './backward';
import { Builder } from './builder';
import { checkData, checkInput } from './checks';
import { crossEntropy } from './loss';
import { ancestors, withOwnConstants } from './parameters';
import { measureShapes, type Shape } from './shapes';
import { logitsOf } from './step';

export interface SensitivityOptions {
  /** Images that are seen, drawn by `seed`. */
  readonly samples: number;
  /** Images a gradient is averaged over. */
  readonly batch: number;
  readonly seed: number;
  /** Whether the loss goes by the data's labels; by the classes that the model itself finds where false. */
  readonly labels: boolean;
  readonly threads: number;
  /** Called before each batch with the images done; may throw to stop. */
  readonly onBatch?: (done: number, total: number) => void;
  /** How messages call the files. */
  readonly sources: { readonly images: string; readonly labels: string };
}

/** A weight, and its axis that runs over the channels judged: 0 filters, 1 input channels of a Conv. */
export interface ChannelAxis {
  readonly weight: string;
  readonly axis: number;
}

const [labelsName, gradientPrefix] = ['sensitivity/labels', 'sensitivity/gradient of '];

/**
 * Visits the gradients of the loss by `weights`, a batch at a time: the mean over the batch's images of the
 * cross-entropy's gradient, with the model as it infers (BatchNormalization by its running statistics).
 * @param weights names of float32 constants of the graph that its first output depends on.
 * @throws EngineError `UnsupportedModel` when an operator on the way has no gradient or the output is not
 * [N, classes]; `InvalidSettings` for a name that is no such constant; `InvalidData` where the data do not fit.
 */
export async function eachGradient(
  graph: Graph,
  data: Dataset,
  weights: readonly string[],
  options: SensitivityOptions,
  visit: (gradients: ReadonlyMap<string, FloatTensor>, size: number) => void,
): Promise<void> {
  const { samples, batch, seed, labels: given, threads, onBatch, sources } = options;
  checkInput(graph, data.shape, sources.images);
  const own = withOwnConstants(graph);
  const { model, classes } = gradientModel(
    own,
    new Map(await measureShapes(own, data.shape)),
    weights,
    given,
  );
  if (given) checkData(data, classes, sources.labels);
  const session = await Session.open(model, { threads, provider: 'cpu' });
  try {
    const total = Math.min(samples, data.length);
    let done = 0;
    for (const { images, labels, size } of data.sampled(samples, seed, batch)) {
      onBatch?.(done, total);
      const results = await session.run({
        [graph.inputs[0].name]: floats([size, ...data.shape], images),
        ...(given && {
          [labelsName]: { type: 'int64', dims: [size], data: BigInt64Array.from(labels, BigInt) },
        }),
      });
      visit(new Map(weights.map((name) => [name, results[gradientPrefix + name] as FloatTensor])), size);
      done += size;
    }
  } finally {
    await session.close();
  }
}

/** The mean gradient of the loss by each weight over the samples; see `eachGradient`. */
export async function meanGradients(
  graph: Graph,
  data: Dataset,
  weights: readonly string[],
  options: SensitivityOptions,
): Promise<Map<string, FloatTensor>> {
  const sums = new Map<string, FloatTensor>();
  let seen = 0;
  await eachGradient(graph, data, weights, options, (gradients, size) => {
    for (const [name, { dims, data: values }] of gradients) {
      const sum = sums.get(name) ?? floats(dims);
      for (let at = 0; at < values.length; at++) sum.data[at] += values[at] * size;
      sums.set(name, sum);
    }
    seen += size;
  });
  for (const { data: values } of sums.values()) for (let at = 0; at < values.length; at++) values[at] /= seen;
  return sums;
}

/**
 * First-order Taylor importance of groups of channels (Molchanov et al. 2019, "Importance Estimation for Neural Network
 * Pruning"): channel c of a group counts (Σ w·g)² over all weights that belong to it, with g a batch's gradient, meaned
 * over the batches. The square is taken by batch: gradients of a trained model's batches point either way, and their
 * mean alone would hide a channel that matters to each.
 * @param groups of channels by name; the axes of one group are equally long.
 * @returns importances by channel, by group.
 * @throws EngineError as `eachGradient`; `InvalidSettings` where a group's axes differ in length.
 */
export async function taylorImportance(
  graph: Graph,
  data: Dataset,
  groups: ReadonlyMap<string, readonly ChannelAxis[]>,
  options: SensitivityOptions,
): Promise<Map<string, Float64Array>> {
  const names = [...new Set([...groups.values()].flatMap((axes) => axes.map(({ weight }) => weight)))];
  const own = withOwnConstants(graph);
  const importance = new Map<string, Float64Array>();
  let batches = 0;
  await eachGradient(graph, data, names, options, (gradients) => {
    batches++;
    for (const [group, axes] of groups) {
      const products = axes.map(({ weight, axis }) =>
        channelProducts(own.constant(weight) as FloatTensor, gradients.get(weight)!, axis),
      );
      if (products.some(({ length }) => length !== products[0].length))
        throw new EngineError('InvalidSettings', `the weights of channel group ${group} differ in channels`);
      const sums = importance.get(group) ?? new Float64Array(products[0]?.length ?? 0);
      sums.forEach((_, at) => (sums[at] += products.reduce((sum, part) => sum + part[at], 0) ** 2));
      importance.set(group, sums);
    }
  });
  for (const sums of importance.values()) sums.forEach((_, at) => (sums[at] /= batches));
  return importance;
}

/** Σ w·g over all axes but `axis`: by how much the loss falls, to first order, without each channel. */
export function channelProducts(
  { dims, data }: FloatTensor,
  gradient: FloatTensor,
  axis: number,
): Float64Array {
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const sums = new Float64Array(dims[axis]);
  for (let at = 0; at < data.length; at++)
    sums[Math.floor(at / inner) % dims[axis]] += data[at] * gradient.data[at];
  return sums;
}

/** Forward pass, cross-entropy and the gradients of `weights` as one ONNX graph. */
function gradientModel(
  graph: Graph,
  shapes: Map<string, Shape>,
  weights: readonly string[],
  labels: boolean,
): { model: Graph; classes: number } {
  const builder = new Builder(graph.opset, 'sensitivity');
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  const { logits, classes } = logitsOf(graph, shapeOf);
  const used = ancestors(graph, logits);
  for (const name of weights) {
    if (isFloat(graph.constant(name)) && used.some(({ input }) => input.includes(name))) continue;
    throw new EngineError(
      'InvalidSettings',
      `${name} is no float32 constant that output ${graph.outputs[0].name} depends on, so it has no sensitivity`,
    );
  }
  const nodes = used.flatMap((node) => asInferred(graph, node, builder, shapes));
  for (const name of new Set(nodes.flatMap(({ input }) => input))) {
    const value = graph.constant(name);
    if (value) builder.constant(value, name);
  }
  builder.nodes.push(...nodes);
  const flat = shapeOf(logits).length === 2 ? logits : builder.reshape(logits, [-1, classes]);
  const target = labels ? labelsName : builder.op('ArgMax', [flat], { axis: 1, keepdims: 0 });
  const { gradient } = crossEntropy(builder, flat, target, classes);
  const seed = flat === logits ? gradient : builder.reshape(gradient, shapeOf(logits));
  const constant = (value: string) => graph.constant(value) ?? builder.initializers.get(value);
  const seeds = new Map([[logits, seed]]);
  const gradients = backward(builder, { nodes, shapeOf, constant, saved: new Map() }, seeds, weights);
  for (const name of weights) builder.op('Identity', [gradients.get(name)!], {}, gradientPrefix + name);
  const [{ name: images }] = graph.inputs;
  const model = builder.build({
    irVersion: graph.model.irVersion,
    opsets: graph.model.opsetImport,
    inputs: [
      declare(images, ['batch', ...shapeOf(images).slice(1)]),
      ...(labels ? [declare(labelsName, ['batch'], 'int64')] : []),
    ],
    outputs: weights.map((name) => declare(gradientPrefix + name, shapeOf(name))),
  });
  return { model, classes };
}

/** A BatchNormalization as the scale and shift a channel that it is with its running statistics; any other node itself. */
function asInferred(graph: Graph, node: Node, builder: Builder, shapes: Map<string, Shape>): Node[] {
  if (node.domain || node.opType !== 'BatchNormalization') return [node];
  const [x, ...names] = node.input;
  const parts = names.map((name) => graph.constant(name));
  if (!parts.every(isFloat)) return [node];
  const [scale, bias, mean, variance] = parts.map((part) => part.data);
  const dims = [scale.length, ...new Array<number>(Math.max(0, (shapes.get(x)?.length ?? 2) - 2)).fill(1)];
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  const factor = scale.map((value, at) => value / Math.sqrt(variance[at] + epsilon));
  const shift = bias.map((value, at) => value - mean[at] * factor[at]);
  const [scaled, output] = [`sensitivity/scaled ${node.output[0]}`, node.output[0]];
  const added = [builder.constant(floats(dims, factor)), builder.constant(floats(dims, shift))];
  added.forEach((name) => shapes.set(name, dims));
  shapes.set(scaled, shapes.get(x) ?? []);
  return [
    makeNode({ op: 'Mul', inputs: [x, added[0]], outputs: [scaled] }),
    makeNode({ op: 'Add', inputs: [scaled, added[1]], outputs: [output] }),
  ];
}
