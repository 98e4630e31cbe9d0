import { z } from 'zod';

import type { DatasetSource } from '../engine/data/source';
import { ArraySplit } from './data-schema';

/*
 * What activities of users' own are asked, and what they answer: docs/activities.md in types. Programs in other languages
 * take it from the JSON Schemas.
 */

const address = { sha256: z.string().regex(/^[0-9a-f]{64}$/), bytes: z.number().int().nonnegative() };

/** An artifact that others may read: a file of a store in a folder, or, in a bucket, URLs that work for a week. */
export const SharedFile = z.union([
  z.strictObject({ ...address, path: z.string() }),
  z.strictObject({
    ...address,
    url: z.string(),
    /** Files that belong beside it, such as a large model's weights, by their names. */
    others: z.record(z.string(), z.string()).optional(),
  }),
]);
export type SharedFile = Readonly<z.infer<typeof SharedFile>>;

/** A split that others may read. Its files are NumPy's. */
export interface SharedData extends Pick<DatasetSource, 'range' | 'normalize' | 'layout' | 'unknown'> {
  readonly images: SharedFile;
  readonly labels?: SharedFile;
  readonly inputs?: Readonly<Record<string, SharedFile>>;
}
/** The same as a schema. */
export const SharedData = ArraySplit.extend({
  images: SharedFile,
  labels: SharedFile.optional(),
  inputs: z.record(z.string(), SharedFile).optional(),
}) satisfies z.ZodType<SharedData>;

const settings = z.record(z.string(), z.unknown());

/** The only argument of an activity that is a metric. */
export const EvaluationQuestion = z.strictObject({
  /** Of this contract. */
  contract: z.literal(1),
  model: SharedFile,
  data: SharedData,
  /** `settings` of the spec's metric. */
  settings,
});
export type EvaluationQuestion = Readonly<Omit<z.infer<typeof EvaluationQuestion>, 'data'>> & {
  readonly data: SharedData;
};

/** Answer of such an activity. */
export const EvaluationAnswer = z.strictObject({
  /** The metric, in points; higher is better. */
  points: z.number(),
  /** Its standard error, in points. */
  standardError: z.number().nonnegative().optional(),
  /** Number of samples it was computed on. */
  samples: z.number().int().nonnegative().optional(),
  /** Anything more that the result should tell. */
  details: z.record(z.string(), z.unknown()).optional(),
});
export type EvaluationAnswer = Readonly<z.infer<typeof EvaluationAnswer>>;

/** A place at which a trained model is to be put: a path to write to, or a URL to send it to by HTTP PUT within a week. */
export const Place = z.union([z.strictObject({ path: z.string() }), z.strictObject({ url: z.string() })]);
export type Place = Readonly<z.infer<typeof Place>>;

/** The only argument of an activity that trains a model. */
export interface TrainingQuestion {
  readonly contract: 1;
  /** The compressed model. */
  readonly model: SharedFile;
  /** The original, to learn from. */
  readonly teacher: SharedFile;
  /** The training split. */
  readonly data: SharedData;
  readonly settings: Readonly<Record<string, unknown>>;
  /** The place for the trained model: one ONNX file, with the same inputs, outputs and layers. */
  readonly out: Place;
}
export const TrainingQuestion = z.strictObject({
  contract: z.literal(1),
  model: SharedFile,
  teacher: SharedFile,
  data: SharedData,
  settings,
  out: Place,
}) satisfies z.ZodType<TrainingQuestion>;

/** Answer of such an activity, after it has put the model into its place. */
export const TrainingAnswer = z.strictObject({
  steps: z.number().int().nonnegative().optional(),
  /** Mean loss of each epoch. */
  losses: z.array(z.number()).max(10_000).optional(),
  /** Sentences for the result. */
  notes: z.array(z.string().max(1000)).max(100).optional(),
});
export type TrainingAnswer = Readonly<z.infer<typeof TrainingAnswer>>;
