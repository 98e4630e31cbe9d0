import { EngineError } from '../../errors';
import type { Pixels, ResizedPart } from './resample';
import { cropStart, resizedPart, resizedTo } from './resample';

/** Channels of a packed image, in their order. */
export const channelOrders = ['rgb', 'bgr', 'gray'] as const;
/** Order of the channels of a packed image. */
export type ChannelOrder = (typeof channelOrders)[number];

/** Turns images of any size into a model's input, in the order of these fields. Without any, images stay as they are. */
export interface Transform {
  /** Length of the shorter side after resizing, in pixels, as torchvision's `Resize`; or height and width. */
  readonly resize?: number | readonly [height: number, width: number];
  /** Side, or height and width, of the part taken from the centre, as torchvision's `CenterCrop`. */
  readonly crop?: number | readonly [height: number, width: number];
  /** Instead of both: resizes the whole image into this size, and fills the rest, as YOLO's letterbox does. */
  readonly letterbox?: number | readonly [height: number, width: number] | Letterbox;
  /** By default rgb for image files; pixels in arrays keep their channels. */
  readonly channels?: ChannelOrder;
  /** True writes [H, W, C], for models that take their channels last. */
  readonly channelsLast?: boolean;
}

/** Size of a letterboxed image, and the value around the image. */
export interface Letterbox {
  readonly size: number | readonly [height: number, width: number];
  /** 114 by default, as YOLO's. */
  readonly fill?: number;
}

/** Places an image in the transformed one: (x, y) of the image becomes (x · wide / width − left, y · high / height − top). */
export interface Placement extends ResizedPart {
  /** Value of the border, which there is if `left` or `top` is negative, or the part ends beyond the resized image. */
  readonly fill: number;
}

const sides = (size: number | readonly [number, number]): readonly [height: number, width: number] =>
  typeof size === 'number' ? [size, size] : size;

/** Rounds halves to even, as Python does. */
const rounded = (value: number): number => {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + (below % 2) : Math.round(value);
};

/** Computes the place of an image of this size in the transformed one. The crop may exceed the resized image. */
export function placementOf(
  width: number,
  height: number,
  { resize, crop, letterbox }: Transform,
): Placement {
  if (letterbox !== undefined) {
    const { size, fill = 114 } =
      typeof letterbox === 'object' && 'size' in letterbox ? letterbox : { size: letterbox, fill: undefined };
    const [toHeight, toWidth] = sides(size);
    const ratio = Math.min(toHeight / height, toWidth / width);
    const [wide, high] = [rounded(width * ratio), rounded(height * ratio)].map((side) => Math.max(1, side));
    const border = (room: number) => -Math.round(room / 2 - 0.1) || 0;
    const [left, top] = [border(toWidth - wide), border(toHeight - high)];
    return { wide, high, left, top, width: toWidth, height: toHeight, fill };
  }
  const [wide, high] =
    resize === undefined
      ? [width, height]
      : typeof resize === 'number'
        ? resizedTo(width, height, resize)
        : [resize[1], resize[0]];
  if (crop === undefined) return { wide, high, left: 0, top: 0, width: wide, height: high, fill: 0 };
  const [toHeight, toWidth] = sides(crop);
  const [left, top] = [cropStart(wide, toWidth), cropStart(high, toHeight)];
  return { wide, high, left, top, width: toWidth, height: toHeight, fill: 0 };
}

/** 8-bit pixels of a transformed image. */
export interface Transformed {
  readonly data: Uint8Array;
  /** [C, H, W], or [H, W, C] with `channelsLast`. */
  readonly shape: readonly number[];
}

/**
 * Transforms an image that already has the channels of the transform (bgr: those of rgb).
 * @param name its name in messages
 * @throws EngineError `InvalidData` if it is smaller than the crop
 */
export function transformed(name: string, image: Pixels, transform: Transform): Transformed {
  const { channels } = image;
  const placement = placementOf(image.width, image.height, transform);
  const { wide, high, left, top, width, height, fill } = placement;
  const borderless = left >= 0 && top >= 0 && left + width <= wide && top + height <= high;
  if (!borderless && transform.letterbox === undefined)
    throw new EngineError(
      'InvalidData',
      `image ${name} is ${wide}x${high} ${transform.resize === undefined ? 'pixels' : 'after resizing'}, smaller than the crop of ${width}x${height}: set transform.resize to the crop's side or more`,
    );
  // Whatever has a border shows the whole image.
  const part = borderless ? placement : { wide, high, left: 0, top: 0, width: wide, height: high };
  let data = resizedPart(image, part);
  if (!borderless) {
    const framed = new Uint8Array(channels * height * width).fill(fill);
    for (let line = 0; line < channels * high; line++) {
      const [channel, row] = [Math.floor(line / high), line % high];
      framed.set(
        data.subarray(line * wide, (line + 1) * wide),
        (channel * height + row - top) * width - left,
      );
    }
    data = framed;
  }
  if (transform.channels === 'bgr') swapEnds(data, channels);
  return transform.channelsLast
    ? { data: channelsLast(data, channels), shape: [height, width, channels] }
    : { data, shape: [channels, height, width] };
}

/** Swaps the first and the last channel of [C, …], in place. */
function swapEnds(data: Uint8Array, channels: number): void {
  const plane = data.length / channels;
  const first = data.slice(0, plane);
  data.copyWithin(0, data.length - plane);
  data.set(first, data.length - plane);
}

/** Transposes [C, …] to […, C]. */
function channelsLast(data: Uint8Array, channels: number): Uint8Array {
  const plane = data.length / channels;
  const out = new Uint8Array(data.length);
  for (let channel = 0; channel < channels; channel++)
    for (let at = 0; at < plane; at++) out[at * channels + channel] = data[channel * plane + at];
  return out;
}
