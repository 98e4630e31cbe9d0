import { z } from 'zod';

import type { DetectorMetric as DetectorMetricChoice } from '../engine/names';
import { roles } from '../engine/data/detection/decoders/finished';

const positive = z.number().positive();
const pair = z.tuple([positive, positive]);
const scores = ['softmax', 'sigmoid', 'none'] as const;

/** Settings that all decoders have. */
const common = {
  name: z.literal('coco-map'),
  /** Classes that the model scores. */
  classes: z.number().int().positive().optional(),
  /** Names of the outputs to read; all by default. */
  outputs: z.array(z.string().min(1)).min(1).optional(),
  /** Smallest score of a box that counts. */
  scoreThreshold: z.number().min(0).max(1).optional(),
  /** True if each class of a box counts by itself; false for the best one alone. */
  multiLabel: z.boolean().optional(),
  /** Overlap with a better box of the same class above which a box is dropped. */
  iou: z.number().min(0).max(1).optional(),
  /** Boxes of an image that are kept. */
  maxDetections: z.number().int().positive().max(10_000).optional(),
};

/** A detector's metric, COCO's mAP, with the decoder that reads its boxes. */
export const DetectorMetric = z.discriminatedUnion('decoder', [
  z.strictObject({ ...common, decoder: z.literal('yolov8') }),
  z.strictObject({
    ...common,
    decoder: z.literal('yolov5'),
    /** For raw heads: widths and heights in pixels, a list per head. */
    anchors: z.array(z.array(pair).min(1)).min(1).optional(),
  }),
  z.strictObject({
    ...common,
    decoder: z.literal('yolox'),
    decoded: z.boolean().optional(),
    strides: z.array(positive).min(1).optional(),
  }),
  z.strictObject({
    ...common,
    decoder: z.literal('anchors'),
    levels: z.array(z.strictObject({ stride: positive, sizes: z.array(pair).min(1) })).min(1),
    offset: z.number().optional(),
    variances: z.tuple([positive, positive, positive, positive]).optional(),
    scores: z.enum(scores).optional(),
    background: z.enum(['none', 'first', 'last']).optional(),
  }),
  z.strictObject({ ...common, decoder: z.literal('detr'), scores: z.enum(scores).optional() }),
  z.strictObject({
    ...common,
    decoder: z.literal('boxes'),
    roles: z.array(z.enum(roles)).min(1).optional(),
    form: z.enum(['xyxy', 'yxyx', 'xywh', 'cxcywh']).optional(),
    normalized: z.boolean().optional(),
    firstClass: z.number().int().nonnegative().optional(),
  }),
]) satisfies z.ZodType<DetectorMetricChoice>;
