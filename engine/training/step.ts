import { EngineError } from '../errors';
import { declare } from '../onnx/extract';
import type { Graph, Node } from '../onnx/graph';
import { backward } from './backward';
import { Builder } from './builder';
import { trainingForms } from './gradients/norm';
import { lowerToBlocks } from './lowering/blocked';
import { crossEntropy } from './loss';
import { sgd } from './optimizer';
import { ancestors, findTrainable, type Layout, type Trainable } from './parameters';
import type { Shape } from './shapes';

/** Names of the step model's inputs and outputs; images come under the model's own input name. */
export const names = {
  labels: 'training/labels',
  learningRate: 'training/learning_rate',
  momentum: 'training/momentum',
  parameters: 'training/parameters',
  momenta: 'training/momenta',
  statistics: 'training/statistics',
  loss: 'training/loss',
  nextParameters: 'training/next_parameters',
  nextMomenta: 'training/next_momenta',
  nextStatistics: 'training/next_statistics',
} as const;

export interface StepSettings {
  readonly weightDecay: number;
  /** Channels of a block of ONNX Runtime's blocked layout (`probeBlock`); plain convolutions where undefined. */
  readonly block?: number;
}

/** A model that computes one step of training. */
export interface TrainingStep extends Trainable {
  /**
   * Inputs: images [N, C, H, W], labels [N], learning rate and momentum (scalars), and the flat vectors of parameters,
   * momenta and, where there are any, running statistics. Outputs: the loss and the new vectors.
   */
  readonly model: Graph;
  readonly images: string;
  readonly classes: number;
}

/**
 * Forward pass, cross-entropy, backward pass and optimizer as one ONNX graph.
 * @param graph as `withOwnConstants` gives it; its first output holds the logits, or softmax of them.
 * @param shapes of all its values (`measureShapes`).
 * @throws EngineError `UnsupportedModel` when an operator has no gradient, or the output is not [N, classes].
 */
export function buildTrainingStep(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  settings: StepSettings,
): TrainingStep {
  const parts = differentiate(graph, shapes);
  const { builder, classes, trainable, statistics } = parts;
  update(builder, parts.gradients, settings);
  if (statistics.length) builder.op('Concat', statistics, { axis: 0 }, names.nextStatistics);
  lower(parts, shapes, settings);
  return { ...assemble(parts, graph), ...trainable, images: graph.inputs[0].name, classes };
}

/** What `differentiate` wrote into a builder. */
export interface Differentiated {
  readonly builder: Builder;
  /** The gradient of the mean loss over the batch by all parameters, a flat vector. */
  readonly gradients: string;
  /** The running statistics after the batch, in the order of their layout. */
  readonly statistics: readonly string[];
  readonly trainable: Trainable;
  readonly classes: number;
  /** [batch, C, H, W] of the images. */
  readonly image: readonly (number | string)[];
}

/** Forward pass, loss (`names.loss`) and backward pass, for whatever is done with the gradients. */
export function differentiate(graph: Graph, shapes: ReadonlyMap<string, Shape>): Differentiated {
  const builder = new Builder(graph.opset);
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  const { logits, classes } = logitsOf(graph, shapeOf);
  const nodes = ancestors(graph, logits);
  const { parameters, statistics } = findTrainable(graph, nodes);

  spread(builder, names.parameters, parameters);
  const current = new Map(
    spread(builder, names.statistics, statistics, 'training/before ').map(({ name, value }) => [name, value]),
  );
  const trained = new Set([...parameters.entries, ...statistics.entries].map(({ name }) => name));
  for (const name of new Set(nodes.flatMap((node) => node.input))) {
    const value = trained.has(name) ? undefined : graph.constant(name);
    if (value) builder.constant(value, name);
  }
  const saved = new Map<Node, Record<string, string>>();
  for (const node of nodes) {
    const form = node.domain ? undefined : trainingForms[node.opType];
    if (!form) {
      builder.nodes.push(node);
      continue;
    }
    const statistic = (value: string) => current.get(value)!;
    const update = (value: string, updated: string) => current.set(value, updated);
    saved.set(node, form({ builder, node, shapeOf, statistic, update }));
  }

  const flat = shapeOf(logits).length === 2 ? logits : builder.reshape(logits, [-1, classes]);
  const { loss, gradient } = crossEntropy(builder, flat, names.labels, classes);
  builder.op('Identity', [loss], {}, names.loss);
  const seed = flat === logits ? gradient : builder.reshape(gradient, shapeOf(logits));
  const constant = (value: string) => graph.constant(value);
  const gradients = backward(
    builder,
    { nodes, shapeOf, constant, saved },
    new Map([[logits, seed]]),
    parameters.entries.map(({ name }) => name),
  );
  const flatGradients = parameters.entries.map(({ name }) => builder.reshape(gradients.get(name)!, [-1]));
  return {
    builder,
    gradients: builder.concat(flatGradients, 0),
    statistics: statistics.entries.map(({ name }) => current.get(name)!),
    trainable: { parameters, statistics },
    classes,
    image: ['batch', ...shapeOf(graph.inputs[0].name).slice(1)],
  };
}

/** The optimizer's update of parameters and momenta by the gradients. */
export function update(builder: Builder, gradients: string, { weightDecay }: StepSettings): void {
  const next = sgd(builder, {
    parameters: names.parameters,
    momenta: names.momenta,
    gradients,
    learningRate: names.learningRate,
    momentum: names.momentum,
    weightDecay,
  });
  builder.op('Identity', [next.parameters], {}, names.nextParameters);
  builder.op('Identity', [next.momenta], {}, names.nextMomenta);
}

/** Rewrites convolutions into the blocked layout, where the settings name a block. */
export function lower(
  { builder }: Differentiated,
  shapes: ReadonlyMap<string, Shape>,
  { block }: StepSettings,
): void {
  if (!block) return;
  const dimsOf = (value: string) =>
    shapes.get(value) ??
    builder.shapes.get(value) ??
    builder.initializers.get(value)?.dims ??
    builder.rearranged.get(value)?.dims;
  lowerToBlocks(builder, { block, dimsOf });
}

/** The values before a closing softmax, which the loss applies itself. */
export function logitsOf(
  graph: Graph,
  shapeOf: (value: string) => Shape,
): { logits: string; classes: number } {
  const [{ name }] = graph.outputs;
  const last = graph.producer(name);
  const closing = last && !last.domain && ['Softmax', 'LogSoftmax'].includes(last.opType);
  const logits = closing ? last.input[0] : name;
  const [batch, ...rest] = shapeOf(logits);
  const classes = rest.reduce((a, b) => a * b, 1);
  if (batch !== -1 || !rest.length || classes !== rest[0] || classes < 2) {
    throw new EngineError(
      'UnsupportedModel',
      `output ${name} has shape [${[batch === -1 ? 'batch' : batch, ...rest].join(', ')}]; fine-tuning trains classifiers, whose output is [batch, classes]`,
    );
  }
  return { logits, classes };
}

/** Cuts a flat vector into tensors named as the layout says, with `prefix` before. */
function spread(builder: Builder, vector: string, { entries }: Layout, prefix = '') {
  if (!entries.length) return [];
  const parts = builder.split(
    vector,
    entries.map(({ size }) => size),
    0,
  );
  return entries.map(({ name, dims }, at) => {
    const value = `${prefix}${name}`;
    builder.op('Reshape', [parts[at], builder.ints(dims)], {}, value);
    return { name, value };
  });
}

function assemble({ builder, trainable, image }: Differentiated, graph: Graph) {
  const { parameters, statistics } = trainable;
  const vectors = (statisticsName: string, parametersName: string, momentaName: string) => [
    declare(parametersName, [parameters.size]),
    declare(momentaName, [parameters.size]),
    ...(statistics.size ? [declare(statisticsName, [statistics.size])] : []),
  ];
  const model = builder.build({
    irVersion: graph.model.irVersion,
    opsets: graph.model.opsetImport,
    inputs: [
      declare(graph.inputs[0].name, image),
      declare(names.labels, ['batch'], 'int64'),
      declare(names.learningRate, []),
      declare(names.momentum, []),
      ...vectors(names.statistics, names.parameters, names.momenta),
    ],
    outputs: [
      declare(names.loss, []),
      ...vectors(names.nextStatistics, names.nextParameters, names.nextMomenta),
    ],
  });
  return { model };
}
