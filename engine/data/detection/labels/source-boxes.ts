import { EngineError } from '../../../errors';
import type { Tensor } from '../../../tensor/tensor';
import type { Placement } from '../../images/transform';
import type { LabelledBoxes } from '../boxes';

/** Labelled boxes of an image, as a file of labels gives them. */
export interface SourceBoxes {
  /** Name of the image, as the labels call it: a path relative to the folder of images. */
  readonly image: string;
  /** Size that the boxes refer to: the image's in pixels, or 1x1 if they are shares of it. */
  readonly width: number;
  readonly height: number;
  readonly boxes: LabelledBoxes;
}

/** Labelled boxes of a set of images. */
export interface BoxLabels {
  readonly images: readonly SourceBoxes[];
  /** Names of the classes by number, if the labels name them. */
  readonly classes?: readonly string[];
}

/** Maximum number of labelled boxes of an image. */
export const mostBoxes = 10_000;

/**
 * Moves boxes with their image, and cuts them at the edges of the model's input; boxes outside it are left out.
 * @param placement of the image, by `placementOf` its real size
 */
export function placed({ boxes, width, height }: SourceBoxes, placement: Placement): LabelledBoxes {
  const [corners, classes, crowds]: number[][] = [[], [], []];
  const { wide, high, left, top } = placement;
  const within = (value: number, most: number) => Math.min(most, Math.max(0, value));
  const x = (value: number) => within((value * wide) / width - left, placement.width);
  const y = (value: number) => within((value * high) / height - top, placement.height);
  for (let at = 0; at < boxes.classes.length; at++) {
    const [x1, y1, x2, y2] = [0, 1, 2, 3].map((corner) => boxes.corners[4 * at + corner]);
    const own = [x(x1), y(y1), x(x2), y(y2)];
    if (own[2] <= own[0] || own[3] <= own[1]) continue;
    corners.push(...own);
    classes.push(boxes.classes[at]);
    crowds.push(boxes.crowds[at]);
  }
  return { corners, classes, crowds };
}

/** Fields of a row of labels: class, x1, y1, x2, y2, crowd. */
export const boxFields = 6;
/** Class of a row that is no box. */
const noBox = -1;

/**
 * Makes labels of a data set: float32 of [N, M, 6], class, x1, y1, x2, y2 in pixels of the model's input, and 1 for
 * crowds; rows beyond an image's boxes have class -1. M is the largest number of boxes of an image, at least 1.
 */
export function boxRows(images: readonly LabelledBoxes[]): Tensor {
  const most = images.reduce((size, { classes }) => Math.max(size, classes.length), 1);
  const data = new Float32Array(images.length * most * boxFields);
  images.forEach(({ classes, corners, crowds }, n) => {
    for (let m = 0; m < most; m++) {
      const first = (n * most + m) * boxFields;
      if (m >= classes.length) {
        data[first] = noBox;
        continue;
      }
      data[first] = classes[m];
      for (let corner = 0; corner < 4; corner++) data[first + 1 + corner] = corners[4 * m + corner];
      data[first + 5] = crowds[m];
    }
  });
  return { type: 'float32', dims: [images.length, most, boxFields], data };
}

/**
 * Reads the boxes of a sample's labels, [M, 6].
 * @throws EngineError `InvalidData` if a row is neither a box nor empty
 */
export function boxesOfRows(rows: ArrayLike<number>): LabelledBoxes {
  const [corners, classes, crowds]: number[][] = [[], [], []];
  for (let first = 0; first + boxFields <= rows.length; first += boxFields) {
    const [kind, x1, y1, x2, y2, crowd] = [0, 1, 2, 3, 4, 5].map((field) => rows[first + field]);
    if (kind === noBox) continue;
    const isBox = Number.isInteger(kind) && kind >= 0 && x2 > x1 && y2 > y1 && (crowd === 0 || crowd === 1);
    if (!isBox)
      throw new EngineError(
        'InvalidData',
        `labels have the row [${[kind, x1, y1, x2, y2, crowd].join(', ')}], which is no box: rows are class, x1, y1, x2, y2 in pixels with x1 < x2 and y1 < y2, and 0 or 1 for a crowd; empty ones have class -1`,
      );
    corners.push(x1, y1, x2, y2);
    classes.push(kind);
    crowds.push(crowd);
  }
  return { corners, classes, crowds };
}
