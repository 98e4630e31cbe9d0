import type { Labels } from '../../data/dataset';
import { declare, nodesFor } from '../../onnx/extract';
import type { Graph } from '../../onnx/graph';
import type { ValueInfoProto } from '../../onnx/proto/onnx_pb';
import { typeOf } from '../../onnx/tensor-proto';
import { floats, type Tensor } from '../../tensor/tensor';
import { backward } from '../gradients/backward';
import { Builder } from '../emit/builder';
import { distill, sumOf, weighted } from '../losses/distillation';
import { emitForward } from './forward-pass';
import { lowerToBlocks } from '../lowering/blocked';
import { lowerToHalf } from '../lowering/mixed-precision';
import { emitGraphLoss, type GraphLoss } from '../losses/graph-loss';
import { labelForm, lossRule } from '../losses/loss';
import type { LabelForm, Labelling, Part } from '../losses/rule';
import { findTrainable, piecesOf, type Trainable } from '../parameters/parameters';
import { lossScaling, readScaling } from '../optimizers/loss-scaling';
import type { Rates } from '../optimizers/schedule';
import { scoresOf } from '../losses/model-scores';
import { type LossSettings, needsLabels, type UpdateSettings } from '../settings';
import type { Shape } from '../emit/batch-shapes';
import { comparedHeads, type Heads, headsOf } from '../losses/heads';
import { include, teach, type Teacher } from '../losses/teacher-pass';
import { emitUpdate, isNumbered } from '../optimizers/update';
import { inputOf, type StateVector } from '../parameters/vectors';

/** Names of the step model's inputs and outputs besides its vectors'; samples use the model's own input names. */
export const names = {
  labels: 'training/labels',
  learningRate: 'training/learning_rate',
  momentum: 'training/momentum',
  step: 'training/step',
  loss: 'training/loss',
} as const;

/** Settings of a step. */
export interface StepSettings extends LossSettings, UpdateSettings, Labelling {
  /** `frozen`: BatchNormalization uses its running statistics, and leaves them; otherwise those of the batch. */
  readonly batchNorm?: 'train' | 'frozen' | 'restore';
  /** Channels per block of ONNX Runtime's blocked layout (`probeBlock`); plain convolutions if undefined. */
  readonly block?: number;
  /** Variance of labels that are numbers, about the mean of each: the squared error of guessing. */
  readonly labelSpread?: number;
  readonly teacher?: Teacher;
  /** The user's loss, in place of `loss`. */
  readonly graphLoss?: GraphLoss;
  /** The model's heads, if what follows them was cut off. */
  readonly heads?: Heads;
  /** True to compute convolutions and matrix products in float16, with a scaled loss; in the plain layout then. */
  readonly mixed?: boolean;
}

/** An input of the trained model, which a step takes as the model does. */
export interface SampleInput {
  readonly name: string;
  /** The axis along which samples lie; undefined if all of a batch share one value. */
  readonly axis: number | undefined;
}

/** A model that computes one step of training. */
export interface TrainingStep extends Trainable {
  /**
   * Inputs: `samples`, labels [N, …] if the loss reads any, learning rate and momentum (scalars), the step's number if
   * `numbered`, and `vectors`. Outputs: the loss and the new vectors.
   */
  readonly model: Graph;
  /** The trained model's own inputs. */
  readonly samples: readonly SampleInput[];
  /** Scores per sample or pixel. */
  readonly classes: number;
  /** Meaning of the labels; undefined if none are read. */
  readonly labels: LabelForm | undefined;
  /** True if the number of the step is an input. */
  readonly numbered: boolean;
  /** Everything that a step changes: parameters, running statistics, the optimizer's state, averages. */
  readonly vectors: readonly StateVector[];
  /** The loss of guessing, if known: 0 if it depends on the data. */
  readonly chance: number;
}

/**
 * Builds forward pass, loss, backward pass and optimizer as one ONNX graph.
 * @param graph as returned by `withOwnConstants`; its first output holds the scores, or a softmax or sigmoid of them
 * @param shapes of all its values (`measureShapes`)
 * @throws EngineError `UnsupportedModel` if an operator has no gradient, or the output does not suit the loss;
 * `InvalidData` if labels of this shape do not fit it; `InvalidSettings` if the teacher does not
 */
export function buildTrainingStep(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  settings: StepSettings,
): TrainingStep {
  const parts = differentiate(graph, shapes, settings);
  const { builder, trainable, samples, classes, labels, chance } = parts;
  const vectors = emitUpdate(builder, settings, trainable, parts, names);
  parts.finish();
  const numbered = isNumbered(settings);
  const model = builder.build({
    ...signatureOf(graph),
    inputs: [
      ...parts.inputs,
      ...ratesOf(numbered).map((name) => declare(name, [])),
      ...vectors.map(({ input, size }) => declare(input, [size])),
    ],
    outputs: [declare(names.loss, []), ...vectors.map(({ output, size }) => declare(output, [size]))],
  });
  return { ...trainable, model, samples, classes, labels, numbered, vectors, chance };
}

/** Returns the opsets of a model made from `graph`. */
export const signatureOf = ({ model: { irVersion, opsetImport } }: Graph) => ({
  irVersion,
  opsets: opsetImport,
});

/** Lists the scalars that an update reads. */
export const ratesOf = (numbered: boolean): string[] => [
  names.learningRate,
  names.momentum,
  ...(numbered ? [names.step] : []),
];

/** Forward pass, loss (`names.loss`) and backward pass in a builder, for further use of the gradients. */
export interface Differentiated extends Pick<TrainingStep, 'samples' | 'classes' | 'labels' | 'chance'> {
  readonly builder: Builder;
  readonly trainable: Trainable;
  /**
   * The gradient of the batch's loss by all parameters, a flat vector in their layout; if `mixed`, times the loss
   * scale.
   */
  readonly gradients: string;
  /** The running statistics after the batch, in the order of their layout. */
  readonly statistics: readonly string[];
  /** The model's own inputs, and labels if the loss reads any. */
  readonly inputs: readonly ValueInfoProto[];
  /** Emits what must come last: the blocked layout, and the teacher. */
  readonly finish: () => void;
}

/** @throws EngineError as `buildTrainingStep` does. */
export function differentiate(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  settings: StepSettings,
): Differentiated {
  const { teacher, distillation = {}, labelShape = [], floatLabels = false, mixed } = settings;
  const block = mixed ? undefined : settings.block;
  const builder = new Builder(graph.opset, undefined, block !== undefined);
  const shapeOf = (value: string) => shapes.get(value) ?? builder.shapes.get(value) ?? [];
  const rule = lossRule(settings);
  const byHeads =
    teacher && distillation.logits === 'heads'
      ? comparedHeads(graph, settings.heads ?? headsOf(graph), shapes, teacher)
      : undefined;
  const logits = byHeads?.heads[0] ?? scoresOf(graph, shapeOf);
  const judged = byHeads ? logits : rule.scores(graph, shapeOf);
  const own = needsLabels(settings, !!teacher) ? settings.graphLoss : undefined;
  const form = own
    ? 'own'
    : needsLabels(settings, !!teacher)
      ? labelForm(settings, judged, settings)
      : undefined;
  const byScores = !byHeads && distillation.logits !== 'none' ? { scores: logits } : {};
  const compared = [
    ...(byScores.scores ? [logits.value] : []),
    ...(byHeads ? [...byHeads.heads.map(({ value }) => value), ...byHeads.headFeatures] : []),
    ...(distillation.features ?? []),
  ];
  const teaching = teacher && teach(teacher, { graph, shapes, logits: byScores.scores?.value }, compared);
  const outputs = [...(own ? own.outputs : form ? [judged.value] : []), ...(teaching ? compared : [])];
  const { nodes: used } = nodesFor(graph, outputs);
  const batchNorm = settings.batchNorm === 'frozen' ? 'running' : 'batch';
  const trainable = findTrainable(graph, used, shapeOf, outputs, batchNorm);
  const { saved, current } = emitForward(builder, graph, used, { ...trainable, batchNorm, shapeOf });

  const share = teaching ? (distillation.weight ?? 1) : 0;
  const parts: Part[] = [];
  if (own)
    parts.push(
      ...emitGraphLoss(builder, own, names.labels).map(([value, loss]): Part => [
        value,
        weighted(builder, loss, 1 - share),
      ]),
    );
  else if (form) {
    const labels = names.labels;
    const loss = rule.emit({ builder, scores: judged, labels, labelling: settings, form, settings });
    parts.push([judged.value, weighted(builder, loss, 1 - share)]);
  }
  if (teaching) {
    for (const value of compared) builder.shapes.set(teaching.valueOf(value), shapeOf(value));
    const taught = distill(builder, byHeads ?? byScores, distillation, teaching.valueOf);
    parts.push(...taught.map(([value, loss]): Part => [value, weighted(builder, loss, share)]));
  }
  const { loss, gradients: seeds } = sumOf(builder, parts);
  builder.op('Identity', [loss], {}, names.loss);
  const { parameters, statistics } = trainable;
  const wanted = parameters.entries.map(({ name }) => name);
  const scale = mixed ? readScaling(builder).scale : undefined;
  const gradients = backward(
    builder,
    { graph, nodes: used, shapeOf, saved },
    scaled(builder, seeds, scale),
    wanted,
  );
  const readsLabels = own ? own.labels !== undefined : form !== undefined;
  const inputs = [
    ...sampleInputs(graph, shapeOf),
    ...(readsLabels
      ? [declare(names.labels, ['batch', ...labelShape], floatLabels ? 'float32' : 'int64')]
      : []),
  ];
  const moved = statistics.entries.map(({ name }) => current.get(name)!);
  if (mixed) {
    if (teaching) include(builder, teaching);
    const vectors = ['parameters', 'statistics', lossScaling].map((name) => declare(inputOf(name), []));
    const results = [...wanted.map((name) => gradients.get(name)!), ...moved, names.loss];
    lowerToHalf(builder, { inputs: [...inputs, ...vectors], results });
  }
  const flat = piecesOf(parameters).map(({ size, entry }) =>
    entry ? builder.reshape(gradients.get(entry.name)!, [-1]) : builder.zeros([size]),
  );
  const finish = () => {
    if (block) {
      const dimsOf = (value: string) =>
        shapes.get(value) ??
        builder.shapes.get(value) ??
        builder.initializers.get(value)?.dims ??
        builder.rearranged.get(value)?.dims;
      lowerToBlocks(builder, { block, dimsOf });
    }
    // After the lowering: ONNX Runtime folds and lays out a teacher's constant weights itself.
    if (teaching && !mixed) include(builder, teaching);
  };
  const [, classes = 1] = logits.dims;
  return {
    builder,
    trainable,
    finish,
    samples: graph.inputs.map(({ name }) => ({ name, axis: batchAxis(shapeOf(name)) })),
    classes,
    labels: readsLabels ? form : undefined,
    gradients: builder.concat(flat, 0),
    statistics: moved,
    inputs,
    chance: chanceOf(settings, classes, form, share),
  };
}

/** Declares a model's inputs as its steps take them. */
export const sampleInputs = (graph: Graph, shapeOf: (value: string) => Shape): ValueInfoProto[] =>
  graph.inputs.map(({ name, elementType }) =>
    declare(
      name,
      shapeOf(name).map((dim) => (dim === -1 ? 'batch' : dim)),
      typeOf(elementType) ?? 'float32',
    ),
  );

/** The axis of a measured shape that follows the batch. */
function batchAxis(shape: Shape): number | undefined {
  const axis = shape.indexOf(-1);
  return axis < 0 ? undefined : axis;
}

/** Gradients of a loss times `scale`, which keeps small ones above what float16 can hold. */
function scaled(builder: Builder, seeds: ReadonlyMap<string, string>, scale: string | undefined) {
  if (!scale) return seeds;
  return new Map([...seeds].map(([value, gradient]) => [value, builder.op('Mul', [gradient, scale])]));
}

/**
 * Guessing gives each class the same probability; a teacher's softened distributions are assumed to be as far from
 * that.
 */
function chanceOf(
  settings: StepSettings,
  classes: number,
  form: LabelForm | undefined,
  share: number,
): number {
  const { logits = 'kl' } = settings.distillation ?? {};
  const taught = share && logits === 'kl' ? Math.log(classes) : 0;
  const { labelSpread = 0, graphLoss } = settings;
  const labelled =
    form === 'own'
      ? (graphLoss?.chance ?? 0)
      : form
        ? lossRule(settings).chance(classes, form, labelSpread)
        : 0;
  return share * taught + (1 - share) * labelled;
}

/** Returns labels in the form that a step reads. */
export const labelsFeed = (labels: Labels, dims: readonly number[]): Tensor =>
  labels instanceof Float32Array
    ? floats(dims, labels)
    : { type: 'int64', dims, data: BigInt64Array.from(labels, BigInt) };

/** Returns the scalars fed to step `number` (from 0). */
export const ratesFeed = (
  { numbered }: Pick<TrainingStep, 'numbered'>,
  { learningRate, momentum }: Rates,
  number: number,
): Record<string, Tensor> => ({
  [names.learningRate]: floats([], [learningRate]),
  [names.momentum]: floats([], [momentum]),
  ...(numbered && { [names.step]: floats([], [number + 1]) }),
});
