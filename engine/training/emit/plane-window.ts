import { intOf } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import { windowOf as slidingWindow } from '../../onnx/window';
import type { Attributes } from './builder';

/** [height, width]. */
export type Pair = readonly [number, number];

/** Movement of a Conv's kernel or a pooling window over a plane. */
export interface Window {
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Rows above and columns left of the plane that the first window covers. */
  readonly begin: Pair;
  /** Rows below and columns right of it; what the last windows cover or leave out follows from the sizes. */
  readonly end: Pair;
  readonly input: Pair;
  readonly output: Pair;
}

const map = (rule: (axis: 0 | 1) => number): Pair => [rule(0), rule(1)];

/** Reads the window of a Conv or a pooling node, with auto_pad resolved for the given plane sizes. */
export function windowOf(node: Node, kernel: Pair, input: Pair, output: Pair): Window {
  const { strides, dilations, pads } = slidingWindow(node, kernel, input)!;
  const pair = (values: readonly number[], first = 0) => map((axis) => values[first + axis]);
  return {
    kernel,
    strides: pair(strides),
    dilations: pair(dilations),
    begin: pair(pads),
    end: pair(pads, 2),
    input,
    output,
  };
}

/** Returns the rows and columns past the plane that the last windows cover; negative if they end before it does. */
export const overhang = ({ kernel, strides, dilations, begin, input, output }: Window): Pair =>
  map(
    (axis) =>
      (output[axis] - 1) * strides[axis] +
      dilations[axis] * (kernel[axis] - 1) +
      1 -
      begin[axis] -
      input[axis],
  );

/** Returns the attributes of the ConvTranspose that carries values of the windows back onto the plane. */
export function transposed(window: Window): Attributes {
  const over = overhang(window);
  return {
    kernel_shape: window.kernel,
    strides: window.strides,
    dilations: window.dilations,
    pads: [...window.begin, ...over.map((extent) => Math.max(extent, 0))],
    output_padding: over.map((extent) => Math.max(-extent, 0)),
  };
}

/** Lists the offsets inside a kernel, row by row. */
export const offsets = ({ kernel: [rows, columns] }: Window): Pair[] =>
  Array.from({ length: rows * columns }, (_, at) => [Math.floor(at / columns), at % columns]);

/** Returns the rows and columns of the padded plane that a kernel offset meets, as ranges for Slice. */
export const met = (
  { strides, dilations, output }: Window,
  offset: Pair,
): { axis: number; start: number; end: number; step: number }[] =>
  [0, 1].map((axis) => {
    const start = offset[axis] * dilations[axis];
    return {
      axis: axis + 2,
      start,
      end: start + (output[axis] - 1) * strides[axis] + 1,
      step: strides[axis],
    };
  });

/** Tells if the node counts padding as zeros of the plane (AveragePool). */
export const countsPadding = (node: Node): boolean => intOf(node, 'count_include_pad', 0) === 1;
