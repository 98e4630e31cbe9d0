import type { Selecting, Technique } from '../engine/names';

/**
 * What was chosen by hand for parts that this model has: one selection serves all models of a run, and a layer that was
 * split has other names. Channels are channel pruning's alone.
 * @param names of the parts that the technique can compress
 */
export function fitting(selection: Selecting, names: readonly string[], technique: Technique): Selecting {
  const known = new Set(names);
  const of = <T>(byName: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byName).filter(([name]) => known.has(name)));
  return {
    ...selection,
    ratios: of(selection.ratios),
    channels: technique === 'channel-pruning' ? of(selection.channels) : {},
  };
}
