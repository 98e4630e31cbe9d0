import type { Rehearsal } from '../engine/jobs/types';
import type { MetricChoice } from '../engine/names';
import type { CompressionSettings } from '../run-spec/spec';

/** A run's splits, as files here or in the store. */
interface Splits<Data> {
  readonly train: Data;
  readonly evaluate: Data;
  readonly test: Data;
}

/** Work that a run will do with its model, to be tried before it begins; `runs` only has splits. */
export type RunRehearsal<Data, Model> = Omit<Rehearsal<Data, Model>, 'machinery' | 'runs'> & {
  readonly runs: readonly Data[];
};

/**
 * Lists everything that a run of these settings will do with its model.
 * @param metric left out if an activity of the user's judges
 */
export function rehearsalOf<Data, Model>(
  {
    fineTune,
    target,
    cost,
    select,
    techniques,
    pruning,
    latency: { batch },
  }: Pick<
    CompressionSettings,
    'fineTune' | 'techniques' | 'pruning' | 'latency' | 'target' | 'cost' | 'select'
  >,
  { train, evaluate, test }: Splits<Data>,
  original: Model,
  metric?: MetricChoice<Model>,
): RunRehearsal<Data, Model> {
  const { perLayer, by: _by, ...settings } = fineTune;
  const trains = settings.epochs > 0 || perLayer.epochs > 0;
  return {
    runs: metric === undefined ? [train, evaluate, test] : [train],
    ...(metric !== undefined && { judged: { data: [evaluate, test], metric } }),
    ...(trains && {
      fineTune: { data: train, settings, ...(settings.distillation && { teacher: original }) },
    }),
    gradients: techniques.includes('channel-pruning') && pruning.importance === 'taylor',
    latency: true,
    goal: { target, closeness: select.closeness, cost, techniques },
    ...(batch !== undefined && { batch }),
  };
}
