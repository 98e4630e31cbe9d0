import { declare } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import { Builder } from './builder';
import type { Shape } from './shapes';
import { differentiate, lower, names, type StepSettings, update } from './step';

/** Names of what a step in pieces has beside those of a whole step. */
export const pieceNames = {
  /** The part of the batch that the piece is, 0 < share <= 1. */
  share: 'training/share',
  gradients: 'training/gradients',
  nextGradients: 'training/next_gradients',
} as const;

/** A step of training as two models, for batches that do not fit memory at once. */
export interface PiecewiseStep {
  /**
   * Inputs: a piece of the batch, labels, parameters, running statistics, its share of the batch, and the gradients so
   * far (zeros at first). Outputs: the piece's mean loss, the gradients with its own added, the new statistics.
   */
  readonly accumulate: Graph;
  /** Inputs: parameters, momenta, the gradients of the batch and the rates. Outputs: the new vectors. */
  readonly update: Graph;
}

/**
 * The step of `buildTrainingStep` with its gradients accumulated over pieces of the batch: the same up to rounding, but
 * for BatchNormalization, whose statistics are then those of a piece (as in PyTorch).
 * @throws EngineError as `buildTrainingStep` does.
 */
export function buildPiecewiseStep(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  settings: StepSettings,
): PiecewiseStep {
  const { irVersion, opsetImport: opsets } = graph.model;
  const parts = differentiate(graph, shapes);
  const { builder, gradients, statistics, trainable, image } = parts;
  const { size } = trainable.parameters;
  const own = builder.op('Mul', [gradients, pieceNames.share]);
  builder.op('Add', [pieceNames.gradients, own], {}, pieceNames.nextGradients);
  if (statistics.length) builder.op('Concat', statistics, { axis: 0 }, names.nextStatistics);
  lower(parts, shapes, settings);
  const statisticsAs = (name: string) =>
    statistics.length ? [declare(name, [trainable.statistics.size])] : [];
  const accumulate = builder.build({
    irVersion,
    opsets,
    inputs: [
      declare(graph.inputs[0].name, image),
      declare(names.labels, ['batch'], 'int64'),
      declare(pieceNames.share, []),
      declare(names.parameters, [size]),
      declare(pieceNames.gradients, [size]),
      ...statisticsAs(names.statistics),
    ],
    outputs: [
      declare(names.loss, []),
      declare(pieceNames.nextGradients, [size]),
      ...statisticsAs(names.nextStatistics),
    ],
  });
  const optimizer = new Builder(graph.opset);
  update(optimizer, pieceNames.gradients, settings);
  return {
    accumulate,
    update: optimizer.build({
      irVersion,
      opsets,
      inputs: [
        ...[names.learningRate, names.momentum].map((name) => declare(name, [])),
        ...[names.parameters, names.momenta, pieceNames.gradients].map((name) => declare(name, [size])),
      ],
      outputs: [names.nextParameters, names.nextMomenta].map((name) => declare(name, [size])),
    }),
  };
}
