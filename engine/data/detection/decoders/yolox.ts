import type { Common, Decode, Frame, Output } from './rule';
import { unreadable } from './rule';
import { objects } from './yolov5';

/** Settings of YOLOX. */
export interface GridSettings extends Common {
  /** True if boxes are decoded inside the model (`--decode_in_inference`); false by default. */
  readonly decoded?: boolean;
  /** Pixels per cell of each scale, in the order of the output's rows; [8, 16, 32] by default. */
  readonly strides?: readonly number[];
}

/**
 * YOLOX: one output [N, A, 5 + K] of offsets from cells, logarithms of sizes in cells, objectness and scores (after
 * their sigmoids, as it is exported); or of decoded boxes.
 */
export const yolox: Decode<GridSettings> = (outputs, settings, frame) => {
  if (outputs.length !== 1 || outputs[0].dims.length !== 3)
    throw unreadable('yolox', outputs, 'one output [N, anchors, 5 + classes]');
  const output = settings.decoded ? outputs[0] : onGrid(outputs[0], settings, frame);
  return objects('yolox', output, settings, frame);
};

function onGrid(
  output: Output,
  { strides = [8, 16, 32] }: GridSettings,
  { height, width, size }: Frame,
): Output {
  const scales = strides.map((stride) => [stride, Math.floor(height / stride), Math.floor(width / stride)]);
  const anchors = scales.reduce((sum, [, rows, columns]) => sum + rows * columns, 0);
  if (output.dims[1] !== anchors)
    throw unreadable(
      'yolox',
      [output],
      `${anchors} anchors at strides ${strides.join(', ')} of an input of ${height}x${width} (metric.strides)`,
    );
  const data = Float64Array.from(output.data);
  const fields = output.dims[2];
  let at = 0;
  for (let n = 0; n < size; n++)
    for (const [stride, rows, columns] of scales)
      for (let cell = 0; cell < rows * columns; cell++, at += fields) {
        data[at] = (data[at] + (cell % columns)) * stride;
        data[at + 1] = (data[at + 1] + Math.floor(cell / columns)) * stride;
        data[at + 2] = Math.exp(data[at + 2]) * stride;
        data[at + 3] = Math.exp(data[at + 3]) * stride;
      }
  return { ...output, data };
}
