import { EngineError } from '../../../errors';
import {
  begin,
  type Common,
  type Decode,
  eachClass,
  type Found,
  type Frame,
  type Output,
  sigmoid,
  softmax,
  anchorTable,
  unreadable,
} from './rule';

/**
 * YOLOv8 and those with its head (v9, 11, 12): one output of decoded boxes, [N, 4 + K, A] or [N, A, 4 + K], as x, y, w,
 * h in pixels and K scores; or the raw heads, one [N, 4·R + K, H, W] per scale (or one of 4·R and one of K channels), of
 * which each side of a box is a distribution over R bins.
 */
export const yolov8: Decode<Common> = (outputs, settings, frame) => {
  if (outputs.length === 1 && outputs[0].dims.length === 3) return decoded(outputs[0], settings, frame);
  if (outputs.length && outputs.every(({ dims }) => dims.length === 4)) return raw(outputs, settings, frame);
  throw unreadable('yolov8', outputs, wanted);
};

const wanted = 'one output [N, 4 + classes, anchors], or raw heads, [N, 4 · bins + classes, H, W] per scale';

function decoded(output: Output, settings: Common, frame: Frame): Found[] {
  const [, rows, columns] = output.dims;
  const { classes } = settings;
  const fields = classes !== undefined && rows !== 4 + classes ? 'columns' : 'rows';
  const count = (fields === 'rows' ? rows : columns) - 4;
  if (count < 1 || (classes !== undefined && count !== classes)) throw unreadable('yolov8', [output], wanted);
  const { anchors, at } = anchorTable(output, fields);
  const found = begin(frame);
  found.forEach((boxes, n) => {
    for (let a = 0; a < anchors; a++)
      eachClass(
        count,
        settings,
        (k) => at(n, a, 4 + k),
        (k, score) => boxes.centre(at(n, a, 0), at(n, a, 1), at(n, a, 2), at(n, a, 3), k, score),
      );
  });
  return found;
}

/** A scale's raw values: sides and scores, channels first. */
interface Level {
  readonly height: number;
  readonly width: number;
  readonly bins: number;
  readonly side: (image: number, channel: number, cell: number) => number;
  readonly score: (image: number, kind: number, cell: number) => number;
}

function raw(outputs: readonly Output[], settings: Common, frame: Frame): Found[] {
  const { classes } = settings;
  if (classes === undefined)
    throw new EngineError(
      'InvalidSettings',
      "metric.classes is missing: the shapes of yolov8's raw heads do not tell how many channels are classes",
    );
  const found = begin(frame);
  for (const level of levelsOf(outputs, classes)) {
    const [down, right] = [frame.height / level.height, frame.width / level.width];
    const cells = level.height * level.width;
    found.forEach((boxes, n) => {
      for (let cell = 0; cell < cells; cell++)
        eachClass(
          classes,
          settings,
          (k) => sigmoid(level.score(n, k, cell)),
          (k, score) => {
            const [x, y] = [(cell % level.width) + 0.5, Math.floor(cell / level.width) + 0.5];
            const [l, t, r, b] = [0, 1, 2, 3].map((side) => expected(level, n, side, cell));
            boxes.corner((x - l) * right, (y - t) * down, (x + r) * right, (y + b) * down, k, score);
          },
        );
    });
  }
  return found;
}

/** The mean of a side's distribution, in cells. */
const expected = ({ bins, side }: Level, image: number, at: number, cell: number): number =>
  softmax(bins, (bin) => side(image, at * bins + bin, cell)).reduce(
    (sum, share, bin) => sum + share * bin,
    0,
  );

function levelsOf(outputs: readonly Output[], classes: number): Level[] {
  const scales = new Map<string, Output[]>();
  for (const output of outputs) {
    const key = output.dims.slice(2).join();
    scales.set(key, [...(scales.get(key) ?? []), output]);
  }
  return [...scales.values()].map((parts) => {
    const channels = parts.map(({ dims }) => dims[1]);
    const [, , height, width] = parts[0].dims;
    const reader = (part: Output, first: number) => (image: number, channel: number, cell: number) =>
      part.data[(image * part.dims[1] + first + channel) * height * width + cell];
    const whole = { height, width };
    if (parts.length === 1 && channels[0] > classes && (channels[0] - classes) % 4 === 0) {
      const bins = (channels[0] - classes) / 4;
      return { ...whole, bins, side: reader(parts[0], 0), score: reader(parts[0], 4 * bins) };
    }
    const scores = channels.lastIndexOf(classes);
    const sides = 1 - scores;
    if (parts.length !== 2 || scores < 0 || channels[sides] % 4) throw unreadable('yolov8', outputs, wanted);
    return {
      ...whole,
      bins: channels[sides] / 4,
      side: reader(parts[sides], 0),
      score: reader(parts[scores], 0),
    };
  });
}
