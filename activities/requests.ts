import { ApplicationFailure } from '@temporalio/activity';
import { z } from 'zod';

import type { Activities, Compute, DataRef, RehearsalRequest } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import {
  backendChoices,
  costs,
  importanceNames,
  type Method,
  providerChoices,
  type Reconstruction,
  scoreNames,
  selectionModes,
  type Selecting,
  techniques,
} from '../engine/names';
import type { FineTuneSettings } from '../engine/jobs/types';
import { ArtifactSchema } from '../run-spec/artifact-schema';
import { ArraySplit } from '../run-spec/data-schema';
import { FineTuneFields } from '../run-spec/fine-tune-schema';
import { issueText } from '../run-spec/issue-text';
import { requestMetric } from '../run-spec/metric-schema';
import { MetricActivity, UserActivity } from '../run-spec/user-activity-schema';
import { CompressionSpec, InputSize } from '../run-spec/spec';
import { isKey } from '../store/checked-names';

/*
 * What activities may be asked, field by field. Whoever can reach the namespace can ask, so a request names files of the
 * store by their digests, and no path: paths are made of what is left of a request after this.
 */

type RequestOf<Name extends keyof Activities> = Parameters<Activities[Name]>[0];

const name = z.string().min(1);
const count = z.number().int().positive();
const whole = z.number().int().nonnegative();

/** A reference to a file of the store. */
export const Artifact = ArtifactSchema.extend({
  work: z.string().refine(isKey, 'is not a key of work').optional(),
});

const Data = ArraySplit.extend({
  images: Artifact,
  labels: Artifact.optional(),
  inputs: z.record(name, Artifact).optional(),
}) satisfies z.ZodType<DataRef>;

const ComputeFields = z.strictObject({
  provider: z.enum(providerChoices),
  linearAlgebra: z.enum(backendChoices),
}) satisfies z.ZodType<Compute>;

const MethodFields = z.strictObject({
  technique: z.enum(techniques),
  cost: z.enum(costs),
  score: z.enum(scoreNames),
  multiplicity: z.union([count, z.literal('auto')]),
  block: count.optional(),
  minimum: count,
  importance: z.enum(importanceNames),
  coupled: z.boolean(),
  ignore: z.array(name),
  inputSize: InputSize.optional(),
}) satisfies z.ZodType<Method>;

const SelectingFields = z.strictObject({
  mode: z.enum(selectionModes),
  monotonic: z.boolean(),
  ratios: z.record(name, z.number().gt(0).max(1)),
  channels: z.record(name, z.array(whole)),
}) satisfies z.ZodType<Selecting>;

const ReconstructionFields = z.strictObject({
  samples: count,
  patches: count,
  seed: whole,
  svd: z.boolean().optional(),
}) satisfies z.ZodType<Reconstruction>;

/** The engine checks how settings combine: here only each by itself. */
const Training = FineTuneFields.omit({ perLayer: true }).extend({
  // A fraction, for training between compressed layers.
  epochs: z.number().nonnegative(),
  learningRate: z.number().positive(),
}) satisfies z.ZodType<FineTuneSettings>;

const metric = requestMetric(Artifact);
const candidates = z.array(z.number().gt(0).max(1)).min(1);

const RehearsalFields = z.strictObject({
  runs: z.array(Data),
  judged: z.strictObject({ data: z.array(Data), metric }).optional(),
  fineTune: z.strictObject({ data: Data, settings: Training, teacher: Artifact.optional() }).optional(),
  gradients: z.boolean().optional(),
  latency: z.boolean().optional(),
  batch: count.optional(),
  goal: z
    .strictObject({
      target: z.number().gt(0).lt(1),
      closeness: z.number().nonnegative(),
      cost: z.enum(costs),
      techniques: z.array(z.enum(techniques)),
    })
    .optional(),
}) satisfies z.ZodType<RehearsalRequest>;

const Lending = { model: Artifact, data: Data, metric: MetricActivity };

const LendingForTraining = { model: Artifact, teacher: Artifact, data: Data, by: UserActivity };

/** The request of each activity. */
export const requests: { readonly [Name in keyof Activities]: z.ZodType<RequestOf<Name>> } = {
  importSpec: z.strictObject({ spec: CompressionSpec, run: z.string().min(1).max(100) }),
  analyze: MethodFields.omit({ technique: true })
    .partial()
    .extend({ model: Artifact, rehearsal: RehearsalFields.optional() }),
  listParts: z.strictObject({ parts: Artifact, technique: z.enum(techniques), from: whole, most: count }),
  evaluate: z.strictObject({ model: Artifact, data: Data, metric, compute: ComputeFields }),
  lend: z.strictObject(Lending),
  keepAnswer: z.strictObject({ ...Lending, answer: z.unknown() }),
  lendTraining: z.strictObject(LendingForTraining),
  keepTraining: z.strictObject({ ...LendingForTraining, answer: z.unknown() }),
  scoreLayer: z.strictObject({
    model: Artifact,
    method: MethodFields,
    layer: name,
    candidates,
    evaluate: Data,
    samples: count,
    train: Data,
    reconstruction: ReconstructionFields,
    metric,
    compute: ComputeFields,
  }),
  trialModels: z.strictObject({
    model: Artifact,
    method: MethodFields,
    layer: name,
    scored: Artifact,
    train: Data,
    reconstruction: ReconstructionFields,
    compute: ComputeFields,
  }),
  keepScores: z.strictObject({
    scored: Artifact,
    points: z.array(z.strictObject({ units: count, points: z.number() })).min(1),
  }),
  collectScores: z.strictObject({ before: Artifact.optional(), layers: z.array(Artifact) }),
  compress: z.strictObject({
    model: Artifact,
    method: MethodFields,
    selection: SelectingFields,
    target: z.number().gt(0).max(1),
    scores: Artifact,
    train: Data,
    reconstruction: ReconstructionFields,
    compute: ComputeFields,
    fineTuneEach: Training.optional(),
    teacher: Artifact.optional(),
  }),
  fineTune: z.strictObject({
    model: Artifact,
    data: Data,
    settings: Training,
    compute: ComputeFields,
    evaluate: z.strictObject({ data: Data, metric }).optional(),
    teacher: Artifact.optional(),
  }),
  latency: z.strictObject({
    models: z.array(Artifact).min(1),
    inputSize: InputSize.optional(),
    compute: ComputeFields,
    runs: count,
    taskQueue: name.optional(),
    batch: count.optional(),
    threads: count.optional(),
  }),
};

/**
 * Checks the request of an activity.
 * @throws ApplicationFailure `InvalidRequest`, not retried, that names the field
 */
export function checkedRequest<Name extends keyof Activities>(name: Name, request: unknown): RequestOf<Name> {
  const { success, data, error } = (requests[name] as z.ZodType<RequestOf<Name>>).safeParse(request, {
    reportInput: true,
  });
  if (success) return data;
  throw ApplicationFailure.nonRetryable(
    `the request of ${name}: ${issueText(error.issues[0])}`,
    failureTypes.InvalidRequest,
  );
}
