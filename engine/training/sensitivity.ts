import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import { declare, nodesFor } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { Session } from '../runtime/session';
import { type FloatTensor, isFloat, sizeOf } from '../tensor/tensor';
import { backward } from './gradients/backward';
import { Builder } from './emit/builder';
import { feederOf } from '../runtime/feeds';
import { checkLabelsOf } from './check-data';
import { labelForm, lossRule } from './losses/loss';
import type { LabelForm } from './losses/rule';
import { withOwnConstants } from './parameters/parameters';
import { logitsOf } from './losses/model-scores';
import type { LossName } from './settings';
import { measureShapes, type Shape } from './emit/batch-shapes';
import { labelsFeed, sampleInputs } from './step/step';

/** Options for computing sensitivities. */
export interface SensitivityOptions {
  /** Number of images used, drawn by `seed`. */
  readonly samples: number;
  /** Images over which a gradient is averaged. */
  readonly batch: number;
  readonly seed: number;
  /**
   * True to use the data's labels: squared errors for floats, binary cross-entropy if there is one per score, else
   * cross-entropy. False to use the classes that the model itself predicts.
   */
  readonly labels: boolean;
  readonly threads: number;
  /** Called before each batch with the number of images done; may throw to stop. */
  readonly onBatch?: (done: number, total: number) => void;
  /** Names of the files in messages. */
  readonly sources: { readonly images: string; readonly labels: string };
}

const [labelsName, gradientPrefix] = ['sensitivity/labels', 'sensitivity/gradient of '];

/**
 * Visits the gradients of the loss by `weights`, one batch at a time: the mean over the batch's images of the loss's
 * gradient, with the model as it infers (BatchNormalization by its running statistics).
 * @param weights names of float32 constants of the graph that its first output depends on
 * @throws EngineError `UnsupportedModel` if an operator on the way has no gradient or the output is not [N, classes];
 * `InvalidSettings` for a name that is not such a constant; `InvalidData` if the data do not fit
 */
export async function eachGradient(
  graph: Graph,
  data: Dataset,
  weights: readonly string[],
  options: SensitivityOptions,
  visit: (gradients: ReadonlyMap<string, FloatTensor>, size: number) => void,
): Promise<void> {
  const { samples, batch, seed, labels: given, threads, onBatch, sources } = options;
  const feeder = feederOf(graph, data);
  const own = withOwnConstants(graph);
  const judged = given ? data : undefined;
  const { model, ...loss } = gradientModel(own, await measureShapes(own, data), weights, judged);
  if (given) checkLabelsOf(data, loss, loss, sources.labels);
  const session = await Session.open(model, { threads, provider: 'cpu' });
  try {
    const total = Math.min(samples, data.length);
    let done = 0;
    for (const sampled of data.sampled(samples, seed, batch)) {
      const { labels, size } = sampled;
      onBatch?.(done, total);
      const results = await session.run({
        ...feeder.feeds(sampled),
        ...(given && { [labelsName]: labelsFeed(labels, [size, ...data.labelShape]) }),
      });
      visit(new Map(weights.map((name) => [name, results[gradientPrefix + name] as FloatTensor])), size);
      done += size;
    }
  } finally {
    await session.close();
  }
}

/**
 * Chooses the loss that fits labels: squared errors for numbers, binary cross-entropy for a yes or no per score, else
 * cross-entropy.
 */
function lossOf(data: Dataset | undefined, [, ...sample]: Shape): LossName {
  const isClass = !data?.floatLabels && (!data || sizeOf(data.labelShape) !== sizeOf(sample));
  if (isClass) return 'cross-entropy';
  const isNumber = data.findLabel((label) => label !== 0 && label !== 1 && !Number.isNaN(label));
  return isNumber ? 'mean-squared-error' : 'binary-cross-entropy';
}

/**
 * Builds forward pass, loss and the gradients of `weights` as one ONNX graph.
 * @param data data set whose labels the loss uses
 */
function gradientModel(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  weights: readonly string[],
  data: Dataset | undefined,
): { readonly model: Graph; readonly loss: LossName; readonly labels: LabelForm; readonly classes: number } {
  const builder = new Builder(graph.opset, 'sensitivity');
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  const loss = lossOf(data, shapeOf(graph.outputs[0].name));
  const rule = lossRule({ loss });
  const scores = rule.perScore ? rule.scores(graph, shapeOf) : logitsOf(graph, shapeOf);
  const { nodes } = nodesFor(graph, [scores.value]);
  for (const name of weights) {
    if (isFloat(graph.constant(name)) && nodes.some(({ input }) => input.includes(name))) continue;
    throw new EngineError(
      'InvalidSettings',
      `${name} is not a float32 constant that output ${graph.outputs[0].name} depends on, so it has no sensitivity`,
    );
  }
  for (const name of new Set(nodes.flatMap((node) => [...graph.readsOf(node)]))) {
    const value = graph.constant(name);
    if (value) builder.constant(value, name);
  }
  builder.nodes.push(...nodes);
  const { floatLabels = false, unknownLabels, labelShape = [] } = data ?? {};
  const labelling = { floatLabels, unknownLabels, labelShape };
  const form = labelForm({ loss }, scores, labelling);
  const labels = data ? labelsName : builder.op('ArgMax', [scores.value], { axis: 1, keepdims: 0 });
  const { gradient } = rule.emit({ builder, scores, labels, labelling, form, settings: { loss } });
  const seeds = new Map([[scores.value, gradient]]);
  const gradients = backward(builder, { graph, nodes, shapeOf }, seeds, weights);
  for (const name of weights) builder.op('Identity', [gradients.get(name)!], {}, gradientPrefix + name);
  const model = builder.build({
    irVersion: graph.model.irVersion,
    opsets: graph.model.opsetImport,
    inputs: [
      ...sampleInputs(graph, shapeOf),
      ...(data ? [declare(labelsName, ['batch', ...labelShape], floatLabels ? 'float32' : 'int64')] : []),
    ],
    outputs: weights.map((name) => declare(gradientPrefix + name, shapeOf(name))),
  });
  return { model, loss, labels: form, classes: scores.dims[1] };
}
