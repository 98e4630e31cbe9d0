/**
 * Turns the numbers of a sample into 8-bit pixels, with their channels last: its least is black and its greatest white. Of
 * more than three channels, or two, the first is taken.
 * @param shape [C, H, W], or [H, W, C] with three channels
 */
export function pixelsOf(values: Float32Array, shape: readonly number[]) {
  const last = shape[2] === 3 && shape[0] !== 3;
  const [height, width] = last ? shape : shape.slice(1);
  const channels = (last ? shape[2] : shape[0]) === 3 ? (3 as const) : (1 as const);
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const plane = width * height;
  const pixels = new Uint8Array(plane * channels);
  for (let at = 0; at < plane; at++)
    for (let channel = 0; channel < channels; channel++) {
      const value = values[last ? at * channels + channel : channel * plane + at];
      pixels[at * channels + channel] = Math.round((value - least) * scale);
    }
  return { pixels, width, height, channels };
}
