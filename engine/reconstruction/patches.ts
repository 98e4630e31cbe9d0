import type { Window } from '../onnx/window';
import type { Tensor } from '../tensor/tensor';
import { Random } from '../data/random';

/** Output positions to sample: for each image in order, `patches` of (row, column). */
export interface Positions {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly patches: number;
}

/** Draws `patches` positions per image, uniformly over an output of height x width. */
export function drawPositions(
  images: number,
  patches: number,
  height: number,
  width: number,
  seed: number,
): Positions {
  const random = new Random(seed);
  const draw = (size: number) => Int32Array.from({ length: images * patches }, () => random.below(size));
  return { rows: draw(height), columns: draw(width), patches };
}

/**
 * Reads the input patch [C·kH·kW] that a convolution sees at one output position, zeros beyond the edge.
 * @param input [N, C, H, W], or [N, C, L] as one row
 * @param channels those to read, all by default
 */
export function patchAt(
  input: Tensor,
  window: Window,
  image: number,
  row: number,
  column: number,
  out: Float64Array,
  channels?: readonly number[],
): void {
  const [height, width] = input.dims.length === 3 ? [1, input.dims[2]] : input.dims.slice(2);
  const { kernel, strides, dilations, pads } = window;
  const [top, left] = [row * strides[0] - pads[0], column * strides[1] - pads[1]];
  const data = input.data as Float32Array;
  const count = channels?.length ?? input.dims[1];
  let at = 0;
  for (let c = 0; c < count; c++) {
    const plane = (image * input.dims[1] + (channels ? channels[c] : c)) * height * width;
    for (let i = 0; i < kernel[0]; i++) {
      const y = top + i * dilations[0];
      for (let j = 0; j < kernel[1]; j++) {
        const x = left + j * dilations[1];
        out[at++] = y >= 0 && y < height && x >= 0 && x < width ? data[plane + y * width + x] : 0;
      }
    }
  }
}

/** Reads all channels of `output` [N, K, H, W], or [N, K, L] as one row, at one position. */
export function valuesAt(
  output: Tensor,
  image: number,
  row: number,
  column: number,
  out: Float32Array,
): void {
  const channels = output.dims[1];
  const [height, width] = output.dims.length === 3 ? [1, output.dims[2]] : output.dims.slice(2);
  const data = output.data as Float32Array;
  for (let k = 0; k < channels; k++) out[k] = data[((image * channels + k) * height + row) * width + column];
}
