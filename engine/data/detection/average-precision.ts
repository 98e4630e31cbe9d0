import { ignoredFrom, overlaps } from './match-boxes';

/** Recalls at which COCO reads the precision: 0, 0.01, … 1. */
const recalls = Array.from({ length: 101 }, (_, at) => (at === 100 ? 1 : at * 0.01));

/**
 * Computes a class's average precision at each threshold of `overlaps`, as COCO does: the largest precision at or
 * beyond each of 101 recalls, averaged; 0 beyond the recall that is reached.
 * @param scores of the boxes found, in the order of their images
 * @param fates of each, as `matchBoxes` returns them
 * @param positives labelled boxes that count, at least 1
 * @returns shares, 0..1
 */
export function averagePrecisions(
  scores: Float32Array,
  fates: Uint32Array,
  positives: number,
): readonly number[] {
  const order = bestFirst(scores);
  return overlaps.map((_, t) => {
    const [hits, precisions]: [number[], number[]] = [[], []];
    let [right, wrong] = [0, 0];
    for (const at of order) {
      if (fates[at] & (1 << (ignoredFrom + t))) continue;
      if (fates[at] & (1 << t)) right++;
      else wrong++;
      hits.push(right);
      precisions.push(right / (right + wrong + Number.EPSILON));
    }
    for (let at = precisions.length - 2; at >= 0; at--)
      if (precisions[at] < precisions[at + 1]) precisions[at] = precisions[at + 1];
    let [at, sum] = [0, 0];
    for (const recall of recalls) {
      while (at < hits.length && hits[at] / positives < recall) at++;
      if (at === hits.length) break;
      sum += precisions[at];
    }
    return sum / recalls.length;
  });
}

/** Sorts indices by score, the best first; of equal scores the earlier one comes first. */
export function bestFirst(scores: ArrayLike<number>): Uint32Array {
  // Typed arrays sort stably too.
  return Uint32Array.from({ length: scores.length }, (_, at) => at).sort((a, b) => scores[b] - scores[a]);
}
