import { type Method, type Technique, techniqueTraits } from '../engine/names';
import type { CompressionSettings } from '../run-spec/spec';

/** How candidates of a technique are called: `ssvd`, or `ssvd-0.65/cp` for what is made of another candidate. */
export const prefixOf = (technique: Technique, parent?: string): string =>
  [parent, techniqueTraits[technique].prefix].filter(Boolean).join('/');

/** How layers are compressed in a run, whatever the technique. */
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

/** How a technique compresses layers in a run. */
export const methodOf = (settings: CompressionSettings, technique: Technique): Method => ({
  technique,
  ...analysisOf(settings),
});
