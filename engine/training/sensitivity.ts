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
import { crossEntropy } from './losses/cross-entropy';
import { ancestors, withOwnConstants } from './parameters';
import { logitsOf } from './scores';
import { measureShapes, type Shape } from './shapes';

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
