import { EngineError } from '../../errors';
import type { Graph } from '../../onnx/graph';
import { sizeOf } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { binaryCrossEntropy } from './binary-cross-entropy';
import { crossEntropyOfClasses } from './cross-entropy';
import { meanSquaredError } from './mean-squared-error';
import { describe, outputOf, type Scores, scoresOf } from './model-scores';
import type { LossName, LossSettings } from '../settings';
import type { Shape } from '../emit/batch-shapes';

/** What a loss is computed from. */
export interface LossContext {
  readonly builder: Builder;
  /** The model's scores, [N, K, …]. */
  readonly scores: Scores;
  /** The labels, int64, or float32 where `labelling` has floats. */
  readonly labels: string;
  readonly labelling: Labelling;
  readonly form: LabelForm;
  readonly settings: LossSettings;
}

/** A scalar, and its gradient by the scores, of their shape. */
export interface Loss {
  readonly loss: string;
  readonly gradient: string;
}

/** A way to judge scores by labels. */
export interface LossRule {
  /** What it compares with labels: the output, or what comes before a closing Softmax, LogSoftmax or Sigmoid. */
  readonly scores: (graph: Graph, shapeOf: (value: string) => Shape) => Scores;
  /** Whether labels may be given for each score, rather than as the number of a class. */
  readonly perScore: boolean;
  /** The smallest and largest label, where labels are given for each score. */
  readonly range?: readonly [number, number];
  /** The loss of guessing. @param spread the variance of labels that are numbers */
  readonly chance: (classes: number, form: LabelForm, spread: number) => number;
  readonly emit: (context: LossContext) => Loss;
}

/** Losses by labels, a row each; gradients are written down rather than derived. */
const losses: Readonly<Record<LossName, LossRule>> = {
  'cross-entropy': {
    scores: scoresOf,
    perScore: false,
    chance: (classes) => Math.log(classes),
    emit: crossEntropyOfClasses,
  },
  'mean-squared-error': {
    scores: outputOf,
    perScore: true,
    chance: (classes, form, spread) => (form === 'class' ? (classes - 1) / classes ** 2 : spread),
    emit: meanSquaredError,
  },
  'binary-cross-entropy': {
    scores: scoresOf,
    perScore: true,
    range: [0, 1],
    chance: () => Math.LN2,
    emit: binaryCrossEntropy,
  },
};

/** The row of the settings' loss. */
export const lossRule = ({ loss = 'cross-entropy' }: LossSettings): LossRule => losses[loss];

/** What labels of a data set stand for: the number of a class, or a number for each score. */
export type LabelForm = 'class' | 'score';

/** The labels of a data set. */
export interface Labelling {
  /** Shape of a sample's: [] (the default) for one a sample, [K, …] for one a score, [H, W] for one a pixel. */
  readonly labelShape?: readonly number[];
  /** Whether they are floats, which stand for no class; integers by default. */
  readonly floatLabels?: boolean;
  /** Whether NaN stands for labels that are not known, which count for nothing. */
  readonly unknownLabels?: boolean;
}

/**
 * What the labels of a sample stand for.
 * @throws EngineError `InvalidData` when they do not fit the scores; `UnsupportedModel` when no labels would.
 */
export function labelForm(
  settings: LossSettings,
  { value, dims }: Scores,
  { labelShape = [], floatLabels = false }: Labelling,
): LabelForm {
  const { loss = 'cross-entropy' } = settings;
  const { perScore } = lossRule(settings);
  const [, classes = 1, ...plane] = dims;
  const count = sizeOf(labelShape);
  if (perScore && count === classes * sizeOf(plane)) return 'score';
  if (classes >= 2 && count === sizeOf(plane) && !floatLabels) return 'class';
  if (!perScore && classes < 2) {
    throw new EngineError(
      'UnsupportedModel',
      `output ${value} has shape ${describe(dims)}; ${loss} needs a score for each of two classes or more, [batch, classes, …]`,
    );
  }
  const perSample = (shape: readonly number[]) => describe([-1, ...shape]);
  const wanted = [
    ...(classes >= 2
      ? [`${perSample(sizeOf(plane) === 1 ? [] : plane)}${floatLabels ? ' of integers' : ''}`]
      : []),
    ...(perScore ? [perSample(dims.slice(1))] : []),
  ];
  throw new EngineError(
    'InvalidData',
    `labels ${floatLabels ? 'are floats and ' : ''}have shape ${perSample(labelShape)}; by ${loss}, a model whose scores are ${describe(dims)} needs ${wanted.join(' or ')}`,
  );
}
