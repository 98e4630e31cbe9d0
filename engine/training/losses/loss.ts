import { EngineError } from '../../errors';
import { sizeOf } from '../../tensor/tensor';
import { binaryCrossEntropy } from './binary-cross-entropy';
import { crossEntropyOfClasses } from './cross-entropy';
import { meanSquaredError } from './mean-squared-error';
import { describe, outputOf, type Scores, scoresOf } from './model-scores';
import type { LossName, LossSettings } from '../settings';
import type { LabelForm, Labelling, LossRule } from './rule';

/** Losses by labels, one row each; gradients are written out rather than derived. */
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

/** Returns the row of the settings' loss. */
export const lossRule = ({ loss = 'cross-entropy' }: LossSettings): LossRule => losses[loss];

/**
 * Decides the meaning of a sample's labels.
 * @throws EngineError `InvalidData` if they do not fit the scores; `UnsupportedModel` if no labels would
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
      `output ${value} has shape ${describe(dims)}; ${loss} needs scores of two or more classes, [batch, classes, …]`,
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
    `labels ${floatLabels ? 'are floats and ' : ''}have shape ${perSample(labelShape)}, but ${loss} of scores ${describe(dims)} needs ${wanted.join(' or ')}`,
  );
}
