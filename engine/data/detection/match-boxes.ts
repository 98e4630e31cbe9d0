import { areaOf, type Detections, type LabelledBoxes, sharedArea } from './boxes';

/** COCO's thresholds of the intersection over union: 0.5, 0.55, … 0.95, as NumPy's linspace rounds them. */
export const overlaps: readonly number[] = Array.from({ length: 10 }, (_, at) =>
  at === 9 ? 0.95 : 0.5 + at * ((0.95 - 0.5) / 9),
);

/** Bit `t` of a fate: matched at threshold `t`. Bit `ignoredFrom + t`: matched a crowd, and so does not count there. */
export const ignoredFrom = 16;

/**
 * Matches boxes found in an image with its labelled boxes of the same class at each threshold, as COCO does: the best
 * score chooses first, takes the free box that it overlaps most (the later one of equals), and a crowd only if no other
 * box is left for it.
 * @param order indices of the found boxes, best first
 * @param labelled indices of the labelled boxes
 * @returns the fate of each box of `order`, in bits
 */
export function matchBoxes(
  found: Detections,
  order: readonly number[],
  truth: LabelledBoxes,
  labelled: readonly number[],
): Uint32Array {
  const fates = new Uint32Array(order.length);
  if (!labelled.length) return fates;
  // Crowds last: the search may stop at the first one once a box is found.
  const targets = [
    ...labelled.filter((at) => !truth.crowds[at]),
    ...labelled.filter((at) => truth.crowds[at]),
  ];
  const first = targets.findIndex((at) => truth.crowds[at]);
  const crowdsFrom = first < 0 ? targets.length : first;
  const shared = overlapsOf(found, order, truth, targets, crowdsFrom);
  const width = targets.length;
  const taken = new Uint8Array(width);
  for (const [t, least] of overlaps.entries()) {
    taken.fill(0);
    for (let d = 0; d < order.length; d++) {
      let [best, match] = [least, -1];
      for (let g = 0; g < width; g++) {
        if (g < crowdsFrom && taken[g]) continue;
        if (g >= crowdsFrom && match >= 0 && match < crowdsFrom) break;
        const overlap = shared[d * width + g];
        if (overlap < best) continue;
        [best, match] = [overlap, g];
      }
      if (match < 0) continue;
      taken[match] = 1;
      fates[d] |= 1 << t;
      if (match >= crowdsFrom) fates[d] |= 1 << (ignoredFrom + t);
    }
  }
  return fates;
}

/** Intersections over union, [found, labelled]; with a crowd, over the found box's own area. */
function overlapsOf(
  found: Detections,
  order: readonly number[],
  truth: LabelledBoxes,
  targets: readonly number[],
  crowdsFrom: number,
): Float64Array {
  const shared = new Float64Array(order.length * targets.length);
  for (const [d, own] of order.entries()) {
    const area = areaOf(found.corners, own);
    for (const [g, other] of targets.entries()) {
      const both = sharedArea(found.corners, own, truth.corners, other);
      if (!both) continue;
      const union = g < crowdsFrom ? area + areaOf(truth.corners, other) - both : area;
      shared[d * targets.length + g] = both / union;
    }
  }
  return shared;
}
