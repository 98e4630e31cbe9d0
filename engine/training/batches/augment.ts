import type { Batch, Labels } from '../../data/dataset';
import { Random } from '../../data/random';
import { EngineError } from '../../errors';
import { sizeOf } from '../../tensor/tensor';

/** Random variations of training images, drawn again in each epoch; all on [C, H, W] floats, as fed to the model. */
export interface Augmentation {
  /** Mirrors an image from left to right, with probability 1/2. */
  readonly flip?: boolean;
  /** Pads each side by this many pixels and cuts the image's own size out of that, anywhere. */
  readonly crop?: number;
  /** Padding of `crop`: zeros (which after `normalize` are the mean pixel), or the image mirrored at its edges. */
  readonly fill?: (typeof fills)[number];
  /** Adds one number to all of an image, uniform within ± this. */
  readonly brightness?: number;
  /** Scales an image about its mean, by a factor uniform within 1 ± this. */
  readonly contrast?: number;
  /** Zeroes a square of this side, centred anywhere (DeVries and Taylor, 2017). */
  readonly cutout?: number;
  /**
   * States that labels that are numbers (squared errors), and not maps of the image's size, are not changed by `flip`
   * and `crop`: an age or a count, rather than the position of something.
   */
  readonly fixedLabels?: boolean;
}

/** Kinds of padding. */
export const fills = ['zero', 'reflect'] as const;

/** Properties of a data set's labels that matter to augmentation. */
export interface VariedLabels {
  /**
   * Shape of a sample's labels: [] for one per sample, [K] for one per class, [H, W] or [C, H, W] for maps of the
   * image's size.
   */
  readonly labelShape: readonly number[];
  /** The label that the loss ignores, or NaN if that means unknown: given to padding if there is one label per pixel. */
  readonly ignoreLabel?: number;
}
const perSample: VariedLabels = { labelShape: [] };

/**
 * Counts the maps of the image's size among a sample's labels: numbers or classes per pixel, which move with it; 0 for
 * others.
 */
function mapsIn({ labelShape }: VariedLabels, [, height, width]: readonly number[]): number {
  const [maps, own] = labelShape.length === 3 ? [labelShape[0], labelShape.slice(1)] : [1, labelShape];
  return own.length === 2 && own[0] === height && own[1] === width ? maps : 0;
}

const whole = (value: number) => Number.isInteger(value) && value >= 1;
const rules: readonly [keyof Augmentation, (value: number) => boolean, string][] = [
  ['crop', whole, 'a whole number of pixels, 1 or more'],
  ['brightness', (value) => value > 0 && value < Infinity, 'a positive number'],
  ['contrast', (value) => value > 0 && value <= 1, 'above 0 and at most 1'],
  ['cutout', whole, 'a whole number of pixels, 1 or more'],
];

/**
 * Checks augmentation settings against the images.
 * @param shape [C, H, W] of an image
 * @throws EngineError `InvalidSettings` that names the setting, or the shape if it is not that of images
 */
export function checkAugmentation(
  augmentation: Augmentation,
  shape: readonly number[],
  labels = perSample,
): void {
  const bad = (message: string) => new EngineError('InvalidSettings', `augmentation ${message}`);
  for (const [name, holds, what] of rules) {
    const value = augmentation[name];
    if (value !== undefined && !holds(value as number)) throw bad(`${name} is ${value}; it must be ${what}`);
  }
  const [channels, height, width] = shape;
  const told = `[${shape.join(', ')}]`;
  if (shape.length !== 3) throw bad(`needs images of shape [C, H, W], but these are ${told}: leave it out`);
  if (width <= 4 && channels > 4)
    throw bad(
      `works on [C, H, W], but images of ${told} seem to have their channels last: export the model with channels first, or leave it out`,
    );
  const { crop = 0, fill } = augmentation;
  if (fill === 'reflect' && crop >= Math.min(height, width))
    throw bad(`crop is ${crop}; mirrored padding must be smaller than the images, ${height}x${width} pixels`);
  if (crop && fill !== 'reflect' && mapsIn(labels, shape) && labels.ignoreLabel === undefined)
    throw bad(
      'crop needs a label for padded pixels, since there is one label per pixel: set ignoreLabel (for cross-entropy) or unknown of the split (for numbers), or set fill: reflect',
    );
}

/**
 * Checks that labels that are numbers stay true for varied images: maps of the image's size move with their pixels. The
 * position of an eye changes when the image is mirrored, and nothing distinguishes such numbers from an age.
 * @param file file of the labels, for messages
 * @throws EngineError `InvalidSettings` if they may not
 */
export function checkVariedNumbers(
  { flip, crop, fixedLabels }: Augmentation,
  shape: readonly number[],
  labels: VariedLabels,
  file: string,
): void {
  if (!(flip || crop) || fixedLabels || mapsIn(labels, shape)) return;
  throw new EngineError(
    'InvalidSettings',
    `augmentation ${flip ? 'flip' : 'crop'} moves what an image shows, but not the labels of ${file} (shape [${labels.labelShape.join(', ')}] per sample, not a map of the image's size): leave it out, or set fixedLabels if the labels do not depend on positions in the image`,
  );
}

/**
 * Copies a batch with each image varied. The result depends only on the image, the seed, the epoch and its row in the
 * data set. Labels that are maps of the image's size move with their pixels, and are `ignoreLabel` in the padding.
 * @param rows the rows of the data set that the batch holds
 * @param outside the label of padded pixels
 */
export function augmented(
  batch: Batch,
  augmentation: Augmentation,
  { shape, rows, seed, epoch }: { shape: readonly number[]; rows: Uint32Array; seed: number; epoch: number },
  given = perSample,
): Batch {
  const [channels, height, width] = shape;
  const plane = { height, width };
  const size = sizeOf(shape);
  const images = new Float32Array(batch.images.length);
  const maps = mapsIn(given, shape);
  const labels = maps ? batch.labels.slice() : batch.labels;
  rows.forEach((row, at) => {
    // Odd multipliers keep the streams of neighbouring seeds, epochs and rows apart.
    const stream =
      Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b) ^ Math.imul(row + 1, 0xc2b2ae35);
    const random = new Random(stream);
    const window = drawWindow(plane, augmentation, random);
    const image = images.subarray(at * size, (at + 1) * size);
    for (let channel = 0; channel < channels; channel++) {
      const first = at * size + channel * height * width;
      copy(batch.images, images, first, window, 0);
    }
    for (let map = 0; map < maps; map++)
      copy(batch.labels, labels, (at * maps + map) * height * width, window, given.ignoreLabel ?? 0);
    jitter(image, augmentation, random);
    if (augmentation.cutout) cutOut(image, shape, augmentation.cutout, random);
  });
  return { ...batch, images, labels };
}

/** For each row and column of an image, that of the original which it shows; -1 for padding. */
interface Window {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

function drawWindow(
  { height, width }: { height: number; width: number },
  { flip, crop = 0, fill = 'zero' }: Augmentation,
  random: Random,
): Window {
  const shift = () => (crop ? random.below(2 * crop + 1) - crop : 0);
  const axis = (length: number, by: number) =>
    Int32Array.from({ length }, (_, at) => {
      const from = at + by;
      if (from >= 0 && from < length) return from;
      if (fill === 'zero') return -1;
      return from < 0 ? -from : 2 * (length - 1) - from;
    });
  const rows = axis(height, shift());
  const columns = axis(width, shift());
  if (flip && random.next() < 0.5) columns.reverse();
  return { rows, columns };
}

/** Copies the plane that begins at `first` through a window. */
function copy(from: Labels, to: Labels, first: number, { rows, columns }: Window, padding: number): void {
  const width = columns.length;
  for (let y = 0; y < rows.length; y++) {
    const target = first + y * width;
    const source = first + rows[y] * width;
    if (rows[y] < 0) to.fill(padding, target, target + width);
    else
      for (let x = 0; x < width; x++) to[target + x] = columns[x] < 0 ? padding : from[source + columns[x]];
  }
}

function jitter(image: Float32Array, { brightness = 0, contrast = 0 }: Augmentation, random: Random): void {
  if (!brightness && !contrast) return;
  const within = (reach: number) => (reach ? reach * (2 * random.next() - 1) : 0);
  const [lift, stretch] = [within(brightness), within(contrast)];
  let sum = 0;
  for (const value of image) sum += value;
  const mean = sum / image.length;
  for (let at = 0; at < image.length; at++) image[at] += (image[at] - mean) * stretch + lift;
}

function cutOut(
  image: Float32Array,
  [channels, height, width]: readonly number[],
  side: number,
  random: Random,
): void {
  const top = random.below(height) - Math.floor(side / 2);
  const left = random.below(width) - Math.floor(side / 2);
  for (let channel = 0; channel < channels; channel++) {
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      const row = (channel * height + y) * width;
      image.fill(0, row + Math.max(0, left), row + Math.max(0, Math.min(width, left + side)));
    }
  }
}
