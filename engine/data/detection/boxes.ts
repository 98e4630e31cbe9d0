/** Boxes of an image: entry i of each array belongs to box i. */
export interface Boxes {
  /** x1, y1, x2, y2 of each, in pixels of the model's input. */
  readonly corners: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
}

/** Boxes that a model found. */
export interface Detections extends Boxes {
  readonly scores: ArrayLike<number>;
}

/** Boxes that people drew. */
export interface LabelledBoxes extends Boxes {
  /**
   * 1 for a box around a crowd: it may be found any number of times, or not at all, and neither counts (COCO's
   * iscrowd).
   */
  readonly crowds: ArrayLike<number>;
}

/** Computes the area that box `a` of some corners and box `b` of others share. */
export function sharedArea(own: ArrayLike<number>, a: number, others: ArrayLike<number>, b: number): number {
  const [i, j] = [4 * a, 4 * b];
  const width = Math.min(own[i + 2], others[j + 2]) - Math.max(own[i], others[j]);
  if (width <= 0) return 0;
  const height = Math.min(own[i + 3], others[j + 3]) - Math.max(own[i + 1], others[j + 1]);
  return height <= 0 ? 0 : width * height;
}

/** Computes the area of box `at`. */
export const areaOf = (corners: ArrayLike<number>, at: number): number =>
  (corners[4 * at + 2] - corners[4 * at]) * (corners[4 * at + 3] - corners[4 * at + 1]);

/** Groups the indices of boxes by class, each group in ascending order. */
export function byClass(classes: ArrayLike<number>): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (let at = 0; at < classes.length; at++) {
    const group = groups.get(classes[at]);
    if (group) group.push(at);
    else groups.set(classes[at], [at]);
  }
  return groups;
}
