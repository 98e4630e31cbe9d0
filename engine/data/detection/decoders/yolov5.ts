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
  anchorTable,
  unreadable,
} from './rule';

/** Settings of raw YOLOv5 and YOLOv7 heads. */
export interface AnchorSettings extends Common {
  /** For raw heads: widths and heights of the anchors in pixels, a list per output. */
  readonly anchors?: readonly (readonly (readonly [width: number, height: number])[])[];
}

/**
 * YOLOv5 and YOLOv7: one output of decoded boxes, [N, A, 5 + K], as x, y, w, h in pixels, objectness and K scores; or
 * the raw heads, [N, B, H, W, 5 + K] or [N, B·(5 + K), H, W] per scale of B anchors.
 */
export const yolov5: Decode<AnchorSettings> = (outputs, settings, frame) => {
  if (outputs.length === 1 && outputs[0].dims.length === 3)
    return objects('yolov5', outputs[0], settings, frame);
  if (!outputs.length || outputs.some(({ dims: { length } }) => length !== 4 && length !== 5))
    throw unreadable('yolov5', outputs, wanted);
  return raw(outputs, settings, frame);
};

const wanted =
  'one output [N, anchors, 5 + classes], or raw heads, [N, B, H, W, 5 + classes] or [N, B · (5 + classes), H, W] per scale';

/** Reads [N, A, 5 + K]: a box's centre and size in pixels, objectness and scores, which are multiplied. */
export function objects(decoder: string, output: Output, settings: Common, frame: Frame): Found[] {
  const count = output.dims[2] - 5;
  if (count < 1 || (settings.classes !== undefined && count !== settings.classes))
    throw unreadable(decoder, [output], `one output [N, anchors, 5 + classes]`);
  const { anchors, at } = anchorTable(output, 'columns');
  const found = begin(frame);
  found.forEach((boxes, n) => {
    for (let a = 0; a < anchors; a++)
      eachClass(
        count,
        settings,
        (k) => at(n, a, 4) * at(n, a, 5 + k),
        (k, score) => boxes.centre(at(n, a, 0), at(n, a, 1), at(n, a, 2), at(n, a, 3), k, score),
      );
  });
  return found;
}

function raw(outputs: readonly Output[], settings: AnchorSettings, frame: Frame): Found[] {
  const { anchors } = settings;
  if (anchors?.length !== outputs.length)
    throw new EngineError(
      'InvalidSettings',
      `metric.anchors has ${anchors?.length ?? 'no'} lists, and there are ${outputs.length} raw heads: give widths and heights of the anchors, [[10, 13], …], a list per head in the outputs' order`,
    );
  const found = begin(frame);
  for (const [index, output] of outputs.entries()) {
    const sizes = anchors[index];
    const { dims, data } = output;
    const last = dims.length === 5;
    const [height, width] = last ? dims.slice(2, 4) : dims.slice(2);
    const fields = last ? dims[4] : dims[1] / sizes.length;
    const count = fields - 5;
    const fits = (!last || dims[1] === sizes.length) && Number.isInteger(count) && count >= 1;
    if (!fits || (settings.classes !== undefined && settings.classes !== count))
      throw unreadable(
        'yolov5',
        [output],
        `${sizes.length} anchors, as metric.anchors lists them, of 5 + classes values`,
      );
    const cells = height * width;
    const [down, right] = [frame.height / height, frame.width / width];
    found.forEach((boxes, n) => {
      for (const [b, [w, h]] of sizes.entries())
        for (let cell = 0; cell < cells; cell++) {
          const first = (n * sizes.length + b) * fields * cells;
          const at = (field: number) =>
            sigmoid(data[last ? first + cell * fields + field : first + field * cells + cell]);
          const object = at(4);
          eachClass(
            count,
            settings,
            (k) => object * at(5 + k),
            (k, score) =>
              boxes.centre(
                (2 * at(0) - 0.5 + (cell % width)) * right,
                (2 * at(1) - 0.5 + Math.floor(cell / width)) * down,
                (2 * at(2)) ** 2 * w,
                (2 * at(3)) ** 2 * h,
                k,
                score,
              ),
          );
        }
    });
  }
  return found;
}
