import { type Selecting, type Technique, techniqueTraits } from '../engine/names';

/**
 * Keeps the choices made by hand for parts that this model has: one selection serves all models of a run, and a layer
 * that was split has other names. Choices of channels are only for techniques that remove channels.
 * @param names names of the parts that the technique can compress
 */
export function fitting(selection: Selecting, names: readonly string[], technique: Technique): Selecting {
  const known = new Set(names);
  const of = <T>(byName: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byName).filter(([name]) => known.has(name)));
  return {
    ...selection,
    ratios: of(selection.ratios),
    channels: techniqueTraits[technique].units === 'channels' ? of(selection.channels) : {},
  };
}
