import { ApplicationFailure } from '@temporalio/common';

import {
  type UserActivity,
  backendChoices,
  costs,
  decoderNames,
  type FidelityMetric,
  importanceNames,
  type Method,
  metricNames,
  type ModuleMetric,
  providerChoices,
  type Reconstruction,
  scoreNames,
  selectionModes,
  type Selecting,
  techniques,
} from '../engine/names';
import { visible } from '../engine/visible';
import type { CompressionSettings } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';
import type { DataRef, DataRefs, ScoreLayerRequest } from './activities';
import {
  be,
  type Check,
  choice,
  count,
  type Fields,
  flag,
  isText,
  list,
  nullable,
  number,
  optional,
  positive,
  ratio,
  record,
  shape,
  text,
  unsigned,
  whole,
} from './checks';
import { failureTypes } from './failure-types';
import type {
  Audit,
  CandidateInput,
  CandidatePlan,
  GuidebookInput,
  Pause,
  ScoringInput,
  ScoringLimits,
  ScoringProgress,
  SpecInput,
} from './run';

/*
 * What workflows may be started with, field by field. What a workflow only hands on to activities is checked in full by
 * them, so that these tables stay small; a workflow must never be started with what would fail its tasks for ever.
 */

const name = text(10_000);
const ratios = list(ratio, 1);

const artifact = shape({
  uri: text(10_000),
  sha256: be(
    'be a SHA-256, 64 hexadecimal digits',
    (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
  ),
  bytes: whole,
  work: optional(text(100)),
} satisfies Fields<ArtifactRef>);

const data = shape({
  images: artifact,
  labels: optional(artifact),
  inputs: optional(record(artifact)),
  range: optional(list(whole, 2)),
  normalize: optional(
    shape({ scale: optional(number), mean: optional(list(number)), std: optional(list(number)) }),
  ),
  layout: optional(choice(['NCHW', 'NHWC'])),
  unknown: optional(be('be a number or nan', (value) => typeof value === 'number' || value === 'nan')),
} satisfies Fields<DataRef>);

const splits = shape({ train: data, evaluate: data, test: data } satisfies Fields<DataRefs>);

const sizes = be('be a list of whole numbers, or such lists by input name', (value) =>
  [list(count, 1), record(list(count, 1))].some((check) => !check(value)),
);

const countOrAuto = be(
  'be a whole number of at least 1, or auto',
  (value) => value === 'auto' || !count(value),
);

const method = shape({
  technique: choice(techniques),
  cost: choice(costs),
  score: choice(scoreNames),
  multiplicity: countOrAuto,
  block: optional(count),
  minimum: count,
  importance: choice(importanceNames),
  coupled: flag,
  ignore: list(name),
  inputSize: optional(sizes),
} satisfies Fields<Method>);

const reconstruction = shape({
  samples: count,
  patches: count,
  seed: whole,
  svd: optional(flag),
} satisfies Fields<Reconstruction>);

const selecting = shape({
  mode: choice(selectionModes),
  monotonic: flag,
  ratios: record(positive),
  channels: record(list(whole)),
} satisfies Fields<Selecting>);

const compute = shape({
  provider: choice(providerChoices),
  linearAlgebra: choice(backendChoices),
  queues: optional(choice(['shared', 'by-need'])),
} satisfies Fields<CompressionSettings['compute']>);

const duration = be(
  'be a whole number with a unit, such as 30m, 12h or 3d',
  (value) => typeof value === 'string' && /^[1-9]\d{0,3}[smhdw]$/.test(value),
);

const userActivity = shape({
  activity: text(200),
  taskQueue: text(200),
  version: whole,
  timeout: optional(duration),
  heartbeat: optional(duration),
  settings: optional(record(be('be a setting', () => true))),
} satisfies Fields<UserActivity>);

const metricActivity: Check = (value) => {
  const { scores, ...rest } = value as Record<string, unknown>;
  return shape({ scores: optional(flag) })({ scores }) ?? userActivity(rest);
};

const word = text(100);
const fineTune = shape({
  epochs: unsigned,
  learningRate: positive,
  batch: count,
  optimizer: word,
  momentum: number,
  nesterov: optional(flag),
  beta2: optional(number),
  epsilon: optional(number),
  weightDecay: number,
  decay: optional(word),
  clip: optional(number),
  ema: optional(number),
  schedule: word,
  warmUp: optional(number),
  milestones: optional(list(number)),
  gamma: optional(number),
  floor: optional(number),
  loss: optional(word),
  lossGraph: optional(text(100_000)),
  labelSmoothing: optional(number),
  ignoreLabel: optional(number),
  distillation: optional(record(be('be a setting', () => true))),
  batchNorm: optional(word),
  seed: whole,
  augment: optional(record(be('be a setting', () => true))),
  microBatch: optional(count),
  stepsPerCall: optional(count),
  precision: optional(word),
  earlyStopping: optional(shape({ patience: count })),
  keepBest: optional(flag),
  perLayer: shape({ epochs: unsigned }),
  by: optional(userActivity),
} satisfies Fields<CompressionSettings['fineTune']>);

const moduleMetric = shape({ module: artifact, export: optional(text(200)) } satisfies Fields<
  ModuleMetric<ArtifactRef>
>);
const nearness = shape({ fidelity: artifact } satisfies Fields<FidelityMetric<ArtifactRef>>);

/** A detector's metric; the settings of its decoder are checked by the activities that use it. */
const detectorMetric: Check = (value) =>
  record(be('be a setting', () => true))(value) ??
  shape({ name: choice(['coco-map']), decoder: choice(decoderNames) })({
    name: (value as { name: unknown }).name,
    decoder: (value as { decoder?: unknown }).decoder,
  });

/** Checks a metric by what kind of it it is. @param names those that are called by a name */
const metricOf =
  (names: readonly string[], objects: Readonly<Record<string, Check>>): Check =>
  (value) => {
    const kind = Object.keys(objects).find(
      (field) => typeof value === 'object' && value !== null && field in value,
    );
    if (kind !== undefined) return objects[kind](value);
    return choice(names)(value);
  };

/** A metric as a run's settings name it, and as workflows ask for it. */
const namedMetric = metricOf([...metricNames, 'fidelity'], {
  name: detectorMetric,
  module: moduleMetric,
  activity: metricActivity,
});
const askedMetric = metricOf(metricNames, {
  name: detectorMetric,
  module: moduleMetric,
  activity: metricActivity,
  fidelity: nearness,
});

const settingChecks = {
  metric: namedMetric,
  cost: choice(costs),
  target: ratio,
  tolerance: unsigned,
  techniques: list(choice(techniques), 1),
  ssvdTargets: optional(ratios),
  candidates: ratios,
  scoring: shape({ samples: count, score: choice(scoreNames) }),
  selection: selecting,
  multiplicity: countOrAuto,
  minimum: count,
  pruning: shape({ coupled: flag, importance: choice(importanceNames) }),
  pick: shape({ maxPicks: count, budget: optional(unsigned) }),
  revisit: shape({ maxRevisits: whole }),
  ccpFactors: list(positive, 1),
  select: shape({ closeness: unsigned }),
  review: shape({
    afterPick: flag,
    afterSelect: flag,
    timeout: optional(duration),
    onTimeout: choice(['continue', 'stop']),
  }),
  fineTune,
  reconstruction,
  latency: shape({
    runs: count,
    taskQueue: optional(text(200)),
    batch: optional(count),
    threads: optional(count),
    provider: optional(choice(providerChoices)),
  }),
  ignore: list(name),
  inputSize: optional(sizes),
  compute,
} satisfies Fields<CompressionSettings>;

const pause = shape({
  by: text(100),
  reason: optional(be('be text', (value) => typeof value === 'string')),
  at: text(100),
} satisfies Fields<Pause>);

const attributes = list(text(200));

const guidebook = shape({
  name,
  model: artifact,
  data: splits,
  settings: shape(settingChecks),
  searchAttributes: optional(attributes),
} satisfies Fields<GuidebookInput>);

/** The activity that imports the spec checks it in full. */
const fromSpec = shape({
  spec: record(be('be a setting', () => true)),
  searchAttributes: optional(attributes),
} satisfies Fields<SpecInput>);

const candidate = shape({
  plan: shape({
    id: text(1000),
    technique: choice(techniques),
    parent: nullable(text(1000)),
    round: whole,
    asked: positive,
  } satisfies Fields<CandidatePlan>),
  model: artifact,
  teacher: optional(artifact),
  scores: artifact,
  method,
  data: splits,
  settings: shape({
    metric: askedMetric,
    fineTune,
    reconstruction,
    selection: selecting,
    compute,
  } satisfies Fields<CandidateInput['settings']>),
  audit: optional(shape({ searchAttributes: attributes, parentRatio: positive } satisfies Fields<Audit>)),
} satisfies Fields<CandidateInput>);

const scoreModel = shape({
  of: text(1000),
  technique: choice(techniques),
  parts: artifact,
  total: whole,
  request: shape({
    model: artifact,
    method,
    candidates: ratios,
    evaluate: data,
    samples: count,
    train: data,
    reconstruction,
    metric: askedMetric,
    compute,
  } satisfies Fields<Omit<ScoreLayerRequest, 'layer'>>),
  limits: shape({
    inFlight: count,
    layers: count,
    events: count,
    bytes: count,
  } satisfies Fields<ScoringLimits>),
  before: optional(shape({ scored: whole, scores: optional(artifact) })),
  paused: optional(pause),
} satisfies Fields<ScoringInput>);

const inputs: Readonly<Record<string, Check>> = {
  guidebook: (value) =>
    typeof value === 'object' && value !== null && 'spec' in value ? fromSpec(value) : guidebook(value),
  candidate,
  scoreModel,
};

/**
 * Checks what a workflow was started with, so that wrong input fails it at once instead of its tasks for ever.
 * @throws ApplicationFailure `InvalidRequest`, not retried, that names the field
 */
export function checkInput(workflow: 'guidebook' | 'candidate' | 'scoreModel', input: unknown): void {
  const fault = inputs[workflow](input);
  if (!fault) return;
  const at = fault.field ? `: ${visible(fault.field)}` : "'s input";
  throw ApplicationFailure.nonRetryable(`${workflow}${at} must ${fault.must}`, failureTypes.InvalidRequest);
}

const progress = shape({
  of: text(1000),
  technique: choice(techniques),
  done: whole,
  total: whole,
  paused: optional(pause),
} satisfies Fields<ScoringProgress>);

/** Tells if what a signal brought is the word of a workflow that scores a model. */
export const isScoringProgress = (value: unknown): value is ScoringProgress => !progress(value);

/** Returns a text that somebody sent, cut to `most` characters; undefined if it is none. */
export const textOf = (value: unknown, most: number): string | undefined =>
  isText(value, Infinity) ? value.slice(0, most) : undefined;
