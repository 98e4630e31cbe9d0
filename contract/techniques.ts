import { type Method, type Technique, techniqueTraits } from '../engine/names';
import type { CompressionSettings } from '../run-spec/spec';

/** Returns the name prefix of a technique's candidates: `ssvd`, or `ssvd-0.65/cp` if made from another candidate. */
export const prefixOf = (technique: Technique, parent?: string): string =>
  [parent, techniqueTraits[technique].prefix].filter(Boolean).join('/');

/** Returns the settings of layers' compression in a run that no technique changes. */
export const analysisOf = (settings: CompressionSettings): Omit<Method, 'technique'> => ({
  cost: settings.cost,
  score: settings.scoring.score,
  multiplicity: settings.multiplicity,
  minimum: settings.minimum,
  importance: settings.pruning.importance,
  coupled: settings.pruning.coupled,
  ignore: settings.ignore,
  inputSize: settings.inputSize,
});

/** Returns a technique's method in a run. */
export const methodOf = (settings: CompressionSettings, technique: Technique): Method => ({
  technique,
  ...analysisOf(settings),
});
