import { declare } from '../../onnx/extract';
import type { Graph } from '../../onnx/graph';
import { Builder } from '../emit/builder';
import type { Shape } from '../emit/batch-shapes';
import { differentiate, names, ratesOf, signatureOf, type StepSettings } from './step';
import { lossScaling } from '../optimizers/loss-scaling';
import { emitUpdate, isNumbered } from '../optimizers/update';
import { inputOf, outputOf, type StateVector } from '../parameters/vectors';

/** Names used by a step in pieces besides those of a whole step. */
export const pieceNames = {
  /** The piece's share of the batch's loss, 0 <= share <= 1. */
  share: 'training/share',
  gradients: 'training/gradients',
  nextGradients: 'training/next_gradients',
} as const;

/** A training step as two models, for batches that do not fit into memory at once. */
export interface PiecewiseStep {
  /**
   * Inputs: a piece of the batch and its labels, parameters, running statistics, its share, and the gradients so far
   * (zeros at first). Outputs: the piece's loss, the gradients with its own added, the new statistics.
   */
  readonly accumulate: Graph;
  /** Inputs: all vectors, the gradients of the batch, and the rates. Outputs: the new vectors. */
  readonly update: Graph;
  /** Vectors that `accumulate` reads; it also replaces those of the statistics. */
  readonly read: readonly StateVector[];
  readonly moved: readonly StateVector[];
}

/**
 * Builds the step of `buildTrainingStep` with its gradients accumulated over pieces of the batch: the same up to
 * rounding, except for BatchNormalization, whose statistics are then those of a piece (as in PyTorch).
 * @throws EngineError as `buildTrainingStep` does
 */
export function buildPiecewiseStep(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  settings: StepSettings,
): PiecewiseStep {
  const parts = differentiate(graph, shapes, settings);
  const { builder, trainable } = parts;
  const own = builder.op('Mul', [parts.gradients, pieceNames.share]);
  builder.op('Add', [pieceNames.gradients, own], {}, pieceNames.nextGradients);
  if (parts.statistics.length) builder.op('Concat', parts.statistics, { axis: 0 }, outputOf('statistics'));
  parts.finish();

  const optimizer = new Builder(graph.opset);
  const computed = {
    gradients: pieceNames.gradients,
    // The pieces have updated them already.
    statistics: parts.statistics.length ? [inputOf('statistics')] : [],
  };
  const vectors = emitUpdate(optimizer, settings, trainable, computed, names);
  const named = (...wanted: string[]) => vectors.filter(({ name }) => wanted.includes(name));
  const [read, moved] = [named('parameters', 'statistics', lossScaling), named('statistics')];
  const gradients = (name: string) => declare(name, [trainable.parameters.size]);
  const before = (list: readonly StateVector[]) => list.map(({ input, size }) => declare(input, [size]));
  const after = (list: readonly StateVector[]) => list.map(({ output, size }) => declare(output, [size]));
  return {
    read,
    moved,
    accumulate: builder.build({
      ...signatureOf(graph),
      inputs: [
        ...parts.inputs,
        declare(pieceNames.share, []),
        gradients(pieceNames.gradients),
        ...before(read),
      ],
      outputs: [declare(names.loss, []), gradients(pieceNames.nextGradients), ...after(moved)],
    }),
    update: optimizer.build({
      ...signatureOf(graph),
      inputs: [
        ...ratesOf(isNumbered(settings)).map((name) => declare(name, [])),
        gradients(pieceNames.gradients),
        ...before(vectors),
      ],
      outputs: after(vectors),
    }),
  };
}
