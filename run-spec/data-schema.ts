import { z } from 'zod';

import { channelOrders, type Letterbox, type Transform } from '../engine/data/images/transform';
import type { DatasetSource } from '../engine/data/source';
import type { SampleModule, UserData } from '../engine/data/sources/user-data';

const path = z.string().min(1);

/** Arrays of a split and how to read them. */
export const ArraySplit = z.strictObject({
  /** `.npy` of [N, C, H, W], float32, float64 or uint8. */
  images: path,
  /**
   * `.npy` of integers, [N], or [N, H, W] for metrics that judge pixels; of 0 and 1, or of numbers, in the shape of the
   * model's output for metrics that compare these. Not needed to score by fidelity.
   */
  labels: path.optional(),
  /** Label that means "unknown", for labels that are compared with one score each. */
  unknown: z.union([z.number(), z.literal('nan')], 'must be a number or nan').optional(),
  /** Files for further inputs of the model, by the inputs' names: one row per sample, or one tensor for all. */
  inputs: z.record(z.string(), path).optional(),
  /** NHWC if the file has its channels last and the model takes them first. */
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  /** First row and the row after the last; all of them by default. */
  range: z
    .tuple([z.number().int().nonnegative(), z.number().int().positive()])
    .refine(([first, end]) => first < end, 'must be [first row, row after the last]')
    .readonly()
    .optional(),
  /** Turns pixels into (pixel · scale − mean[c]) / std[c]. */
  normalize: z
    .strictObject({
      scale: z.number().positive().optional(),
      mean: z.array(z.number()).min(1).readonly().optional(),
      std: z.array(z.number().positive()).min(1).readonly().optional(),
    })
    .optional(),
}) satisfies z.ZodType<DatasetSource>;

/** Longest side of a transformed image, in pixels. */
const longest = 2 ** 14;
const side = z.number().int().positive().max(longest);
const Size = z.union(
  [side, z.tuple([side, side]).readonly()],
  `must be a number of pixels up to ${longest}, or [height, width]`,
);

const LetterboxFields = z.strictObject({
  size: Size,
  /** Value of the border. */
  fill: z.number().int().min(0).max(255).optional(),
}) satisfies z.ZodType<Letterbox>;

const TransformFields = z
  .strictObject({
    /** Length of the shorter side after resizing, or [height, width]. */
    resize: Size.optional(),
    /** Side, or [height, width], of the part taken from the centre. */
    crop: Size.optional(),
    /** Size that the whole image is fitted into, instead of resize and crop. */
    letterbox: z
      .union(
        [side, z.tuple([side, side]).readonly(), LetterboxFields],
        'must be a number of pixels, or { size, fill }',
      )
      .optional(),
    channels: z.enum(channelOrders).optional(),
    /** True packs [H, W, C], for models that take their channels last. */
    channelsLast: z.boolean().optional(),
  })
  .refine(({ resize, crop, letterbox }) => letterbox === undefined || (resize ?? crop) === undefined, {
    path: ['letterbox'],
    message: 'can not be combined with resize or crop: it does both',
  })
  .refine(({ resize, crop }) => typeof resize !== 'number' || typeof crop !== 'number' || crop <= resize, {
    path: ['crop'],
    message: 'is larger than the shorter side after resize',
  }) satisfies z.ZodType<Transform>;

/** A module of the user's that yields samples. */
const SampleModuleFields = z.strictObject({
  /** An ES module in the folder of the spec, or below it. */
  module: path,
  /** Name of its export; the default export if left out. */
  export: z.string().min(1).max(200).optional(),
  /** If set, samples are only read again when the module or this number changes. */
  version: z.number().int().nonnegative().optional(),
}) satisfies z.ZodType<SampleModule>;

/** Data of a split as people have them, and how to read them (docs/your-data.md). */
export const Split = ArraySplit.extend({
  /** Arrays as for `ArraySplit`, or a folder of images, a CSV list of them, …; a list of files, or a pattern. */
  images: z.union(
    [path, z.array(path).min(1).readonly(), SampleModuleFields],
    'must be a path, a list of paths, or { module, export, version }',
  ),
  /** Columns of Parquet files, or extensions of the members of tar files, with the images and the labels. */
  columns: z
    .strictObject({ image: z.string().min(1).optional(), label: z.string().min(1).optional() })
    .optional(),
  /** Names of the arrays of an .npz file. */
  arrays: z
    .strictObject({ images: z.string().min(1).optional(), labels: z.string().min(1).optional() })
    .optional(),
  /** Names of the classes in their order: a list, a file with one per line, or a folder with one sub-folder per class. */
  classes: z
    .union([path, z.array(z.string()).min(1).readonly()], 'must be a path, or a list of names')
    .optional(),
  /** Turns images into the model's input. */
  transform: TransformFields.optional(),
}) satisfies z.ZodType<UserData>;
