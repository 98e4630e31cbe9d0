import type { Scope } from './rules/scope';

/**
 * Sorts atoms into classes of the same signature: those that appear equally often in the same values and along the same
 * axes of the same parameters. Removing any but not all of a class leaves each value and parameter with a channel, and
 * how many are left depends only on the number removed. Atoms that stay are in no class.
 */
export function partition({ atoms, labels, slots }: Scope): Map<number, number> {
  const classes = new Map<number, number>();
  const places = new Set<Int32Array>();
  for (const { ids } of labels.values()) places.add(ids);
  for (const { axes } of slots) for (const ids of axes) if (ids) places.add(ids);
  let next = 1;
  for (const ids of places) {
    const counts = new Map<number, number>();
    for (const id of ids) {
      const atom = atoms.find(id);
      if (atoms.whyFrozen(atom) === undefined) counts.set(atom, (counts.get(atom) ?? 0) + 1);
    }
    const refined = new Map<string, number>();
    for (const [atom, count] of counts) {
      const key = `${classes.get(atom) ?? 0}:${count}`;
      let kind = refined.get(key);
      if (kind === undefined) refined.set(key, (kind = next++));
      classes.set(atom, kind);
    }
  }
  return classes;
}
