import { type Method, type Technique, techniqueTraits } from '../engine/names';
import { isActivityMetric, type NamedMetric } from './metric';
import type { CompressionSettings } from '../run-spec/spec';

/** Returns the name prefix of a technique's candidates: `ssvd`, or `ssvd-0.65/cp` if made from another candidate. */
export const prefixOf = (technique: Technique, parent?: string): string =>
  [parent, techniqueTraits[technique].prefix].filter(Boolean).join('/');

/** Returns the settings of layers' compression in a run that no technique changes. */
export const analysisOf = (
  settings: Omit<CompressionSettings, 'metric'> & { readonly metric: NamedMetric<unknown> },
): Omit<Method, 'technique'> => ({
  cost: settings.cost,
  // Neither can be asked within a job, or they are the same.
  score:
    settings.metric === 'fidelity' || isActivityMetric(settings.metric) ? 'fidelity' : settings.scoring.score,
  multiplicity: settings.multiplicity,
  minimum: settings.minimum,
  importance: settings.pruning.importance,
  coupled: settings.pruning.coupled,
  ignore: settings.ignore,
  inputSize: settings.inputSize,
});

/**
 * Returns a technique's method in a run.
 * @param block channels that the CPU computes at once: where they come from, every worker of a run takes the same
 */
export const methodOf = (settings: CompressionSettings, technique: Technique, block?: number): Method => ({
  technique,
  ...analysisOf(settings),
  ...(settings.multiplicity === 'auto' && isOnCpu(settings.compute) && block && { block }),
});

/** Tells if a run computes on the CPU, as far as its spec says. */
const isOnCpu = ({ provider }: CompressionSettings['compute']): boolean =>
  provider === 'auto' || provider === 'cpu';
