import { EngineError } from '../../../errors';
import { begin, type Common, type Decode, eachClass, type Frame, sigmoid, softmax, unreadable } from './rule';

/** Anchor boxes of one scale, centred on the cells of a grid over the image, row by row. */
export interface AnchorLevel {
  /** Pixels per cell. */
  readonly stride: number;
  /** Widths and heights of a cell's boxes, in pixels. */
  readonly sizes: readonly (readonly [width: number, height: number])[];
}

/** Settings of detectors that move anchor boxes: SSD, RetinaNet. */
export interface DeltaSettings extends Common {
  /** Anchors by grid, in the order of the outputs' rows. */
  readonly levels?: readonly AnchorLevel[];
  /** Place of anchors in their cells: 0.5 (the default), the centre; 0, the corner, as in torchvision's RetinaNet. */
  readonly offset?: number;
  /** Factors of the four deltas; all 1 by default, [0.1, 0.1, 0.2, 0.2] for SSD. */
  readonly variances?: readonly [number, number, number, number];
  /** Function of the scores: `sigmoid` (the default), `softmax`, or `none` if the model computes it. */
  readonly scores?: 'softmax' | 'sigmoid' | 'none';
  /** Column of the background among the scores: `none` (the default), `first` (SSD) or `last`. */
  readonly background?: 'none' | 'first' | 'last';
}

/**
 * SSD, RetinaNet: deltas [N, A, 4] of A anchor boxes and their scores [N, A, K], in either order unless K is 4. A delta moves the
 * centre in sizes of the anchor, and scales it by its exponential.
 */
export const anchors: Decode<DeltaSettings> = (outputs, settings, frame) => {
  const { classes, variances = [1, 1, 1, 1], scores: form = 'sigmoid', background = 'none' } = settings;
  const boxes = boxesOf(settings, frame);
  const count = boxes.length / 4;
  const deltasAt = outputs.findIndex(
    ({ dims }, at) => dims[2] === 4 && (at === 0 || outputs[0].dims[2] !== 4),
  );
  const [deltas, scores] = [outputs[deltasAt], outputs[1 - deltasAt]];
  const hidden = Number(background !== 'none');
  const columns = scores?.dims[2];
  const kinds = columns - hidden;
  const fits =
    outputs.length === 2 &&
    [deltas, scores].every((output) => output?.dims.length === 3 && output.dims[1] === count) &&
    kinds >= 1 &&
    (classes === undefined || kinds === classes);
  if (!fits)
    throw unreadable(
      'anchors',
      outputs,
      `deltas [N, ${count}, 4] and scores [N, ${count}, classes], for the ${count} anchors of metric.levels`,
    );
  const first = Number(background === 'first');
  const found = begin(frame);
  found.forEach((own, n) => {
    for (let a = 0; a < count; a++) {
      const row = n * count + a;
      const value = (column: number) => scores.data[row * columns + column];
      const shares = form === 'softmax' ? softmax(columns, value) : undefined;
      const [x, y, w, h] = boxes.subarray(4 * a, 4 * a + 4);
      eachClass(
        kinds,
        settings,
        (k) => shares?.[first + k] ?? (form === 'sigmoid' ? sigmoid(value(first + k)) : value(first + k)),
        (k, score) => {
          const [dx, dy, dw, dh] = variances.map((factor, at) => factor * deltas.data[4 * row + at]);
          own.centre(x + dx * w, y + dy * h, Math.exp(dw) * w, Math.exp(dh) * h, k, score);
        },
      );
    }
  });
  return found;
};

/** All anchors as x, y, w, h. */
function boxesOf({ levels, offset = 0.5 }: DeltaSettings, { height, width }: Frame): Float64Array {
  if (!levels?.length)
    throw new EngineError(
      'InvalidSettings',
      'metric.levels is missing: decoder anchors needs the anchor boxes, [{ stride: 8, sizes: [[32, 32], …] }, …]',
    );
  const boxes: number[] = [];
  for (const { stride, sizes } of levels)
    for (let y = 0; y < Math.ceil(height / stride); y++)
      for (let x = 0; x < Math.ceil(width / stride); x++)
        for (const [w, h] of sizes) boxes.push((x + offset) * stride, (y + offset) * stride, w, h);
  return Float64Array.from(boxes);
}
