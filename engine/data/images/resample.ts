/** 8-bit pixels of an image, channels last: [height, width, channels]. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Fractional bits of weights: a sum of 8-bit pixels times weights then still fits 32 bits. */
const precision = 22;
const half = 1 << (precision - 1);

/** A part of a resized image. */
export interface ResizedPart {
  /** Width and height that the whole image is resized to, in pixels. */
  readonly wide: number;
  readonly high: number;
  /** The part: its first column and row in the resized image, and its size. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Resizes an image and takes a part of it: Pillow's bilinear filter, which widens as an image shrinks (antialiasing),
 * over columns and then over rows, rounded to 8 bits after each. Yields the same bytes, except for images more than
 * twice as high as wide, whose rows Pillow 13 filters first: these may differ by 1. Only pixels that the part needs
 * are computed.
 * @param part must not exceed the resized image
 * @returns the part with its channels first: [channels, height, width]
 */
export function resizedPart(image: Pixels, part: ResizedPart): Uint8Array {
  const columns = weightsOf(image.width, part.wide, part.left, part.width);
  const rows = weightsOf(image.height, part.high, part.top, part.height);
  const first = rows.starts[0];
  const end = rows.starts[part.height - 1] + rows.counts[part.height - 1];
  const narrowed = acrossColumns(image, first, end, columns);
  return acrossRows(narrowed, first, part, image.channels, rows);
}

/**
 * Returns width and height with `resize` as the shorter one; the longer one is truncated to whole pixels, as in
 * torchvision.
 */
export function resizedTo(width: number, height: number, resize: number): [width: number, height: number] {
  const longer = Math.trunc((resize * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? [resize, longer] : [longer, resize];
}

/** Returns the start of a crop from the centre; halves are rounded to even, as in Python. */
export function cropStart(length: number, size: number): number {
  const middle = (length - size) / 2;
  const below = Math.floor(middle);
  return middle - below === 0.5 ? below + (below % 2) : Math.round(middle);
}

/** For each output pixel along one axis: the first input pixel it reads, how many, and their weights. */
interface Weights {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** Fixed point, `reach` per output pixel. */
  readonly weights: Int32Array;
  readonly reach: number;
}

/** Computes the triangle filter of an axis that is resized from `from` to `to` pixels, for `size` outputs from `start`. */
function weightsOf(from: number, to: number, start: number, size: number): Weights {
  const scale = from / to;
  const radius = Math.max(scale, 1);
  const reach = 2 * Math.ceil(radius) + 1;
  const starts = new Int32Array(size);
  const counts = new Int32Array(size);
  const weights = new Int32Array(size * reach);
  for (let out = 0; out < size; out++) {
    const centre = (start + out + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - radius + 0.5));
    const end = Math.min(from, Math.trunc(centre + radius + 0.5));
    const nearness = (at: number) => Math.max(0, 1 - Math.abs((at - centre + 0.5) * (1 / radius)));
    let sum = 0;
    for (let at = first; at < end; at++) sum += nearness(at);
    for (let at = first; at < end; at++)
      weights[out * reach + at - first] = Math.trunc(0.5 + (nearness(at) / sum) * 2 ** precision);
    starts[out] = first;
    counts[out] = end - first;
  }
  return { starts, counts, weights, reach };
}

/** Filters the columns of rows `first` to `end` of an image: [end - first, columns, channels]. */
function acrossColumns(
  { data, width, channels }: Pixels,
  first: number,
  end: number,
  { starts, counts, weights, reach }: Weights,
): Uint8Array {
  const size = starts.length;
  const out = new Uint8Array((end - first) * size * channels);
  let to = 0;
  for (let row = first; row < end; row++) {
    for (let column = 0; column < size; column++) {
      const from = (row * width + starts[column]) * channels;
      const weight = column * reach;
      for (let channel = 0; channel < channels; channel++) {
        let sum = half;
        for (let k = 0, at = from + channel; k < counts[column]; k++, at += channels)
          sum += Math.imul(data[at], weights[weight + k]);
        out[to++] = sum >> precision;
      }
    }
  }
  return out;
}

/** Filters the rows of `acrossColumns`' result, which starts at row `first` of the image: [channels, height, width]. */
function acrossRows(
  data: Uint8Array,
  first: number,
  { width, height }: ResizedPart,
  channels: number,
  { starts, counts, weights, reach }: Weights,
): Uint8Array {
  const out = new Uint8Array(channels * height * width);
  const line = width * channels;
  for (let row = 0; row < height; row++) {
    const from = (starts[row] - first) * line;
    for (let channel = 0; channel < channels; channel++) {
      let to = (channel * height + row) * width;
      for (let column = 0; column < width; column++) {
        let sum = half;
        for (let k = 0, at = from + column * channels + channel; k < counts[row]; k++, at += line)
          sum += Math.imul(data[at], weights[row * reach + k]);
        out[to++] = sum >> precision;
      }
    }
  }
  return out;
}
