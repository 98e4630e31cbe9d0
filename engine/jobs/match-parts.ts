import { keyOf } from '../onnx/layers';
import type { Plan } from '../ratios/plan';
import type { Part } from './compressor';

/**
 * Identifies the layers that a part changes by what they compute: their names and the part's may differ in a changed
 * graph.
 */
const layersOf = ({ layers }: Part): string =>
  layers
    .map(({ node }) => keyOf(node))
    .sort()
    .join('\n');

/**
 * Finds parts of a model in a copy in which some were compressed. A part is recognized by the layers that it changes
 * or, if several change the same ones, by its position among them; each must still have all of its units.
 * @param original the model's parts, and what the plan gives each
 * @param current those of the copy
 * @param done the positions in the plan of those that were compressed
 * @returns for each part of the model that of the copy; undefined for those that were compressed, or are not
 * recognizable
 */
export function foundAgain(
  original: readonly Part[],
  plan: Plan,
  current: readonly Part[],
  done: ReadonlySet<number>,
): (Part | undefined)[] {
  const alike = new Map<string, Part[]>();
  for (const part of current) {
    const key = layersOf(part);
    alike.set(key, [...(alike.get(key) ?? []), part]);
  }
  const siblings = new Map<string, number[]>();
  original.forEach((part, at) => {
    // A part of a single channel, or rank, could not be compressed, so it is no longer a part.
    if (done.has(at) && plan[at]! < 2) return;
    siblings.set(layersOf(part), [...(siblings.get(layersOf(part)) ?? []), at]);
  });
  return original.map((part, at) => {
    const own = siblings.get(layersOf(part)) ?? [];
    const found = alike.get(layersOf(part)) ?? [];
    const same = found.length === own.length ? found[own.indexOf(at)] : undefined;
    return !done.has(at) && same?.full === part.full ? same : undefined;
  });
}
