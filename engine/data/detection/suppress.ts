import { bestFirst } from './average-precision';
import { areaOf, type Detections, sharedArea } from './boxes';

/** Limits on the boxes of an image. */
export interface Suppression {
  /**
   * Overlap (intersection over union) with a better box of the same class above which a box is dropped; none is if
   * undefined.
   */
  readonly iou?: number;
  /** Boxes considered, the best ones; 30,000 by default. */
  readonly candidates?: number;
  /** Boxes kept, the best ones; 300 by default. */
  readonly detections?: number;
}

/**
 * Drops boxes that overlap a better one of their class (non-maximum suppression, greedy) and keeps the best ones. Of
 * equal scores the earlier box is better.
 */
export function suppressed(
  found: Detections,
  { iou, candidates = 30_000, detections = 300 }: Suppression,
): Detections {
  const { corners, classes, scores } = found;
  const kept: number[] = [];
  const keptOf = new Map<number, number[]>();
  for (const at of bestFirst(scores).subarray(0, candidates)) {
    if (kept.length === detections) break;
    const own = keptOf.get(classes[at]) ?? [];
    if (iou !== undefined && own.some((better) => overlap(corners, at, better) > iou)) continue;
    kept.push(at);
    own.push(at);
    keptOf.set(classes[at], own);
  }
  return {
    corners: Float64Array.from({ length: 4 * kept.length }, (_, i) => corners[4 * kept[i >> 2] + (i & 3)]),
    classes: Int32Array.from(kept, (at) => classes[at]),
    scores: Float32Array.from(kept, (at) => scores[at]),
  };
}

function overlap(corners: ArrayLike<number>, a: number, b: number): number {
  const both = sharedArea(corners, a, corners, b);
  return both && both / (areaOf(corners, a) + areaOf(corners, b) - both);
}
