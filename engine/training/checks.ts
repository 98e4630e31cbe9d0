import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { sizeOf } from '../tensor/tensor';
import type { Augmentation } from './augment';
import { lossNames, lossRule, type LossSettings } from './loss';
import { optimizerNames, type OptimizerName } from './optimizer';
import { scheduleNames, type ScheduleSettings } from './schedule';
import type { TrainingStep } from './step';
import type { UpdateSettings } from './update';

/** How to train. */
export interface TrainingSettings extends ScheduleSettings, UpdateSettings, LossSettings {
  readonly epochs: number;
  /** Images a step. */
  readonly batch: number;
  /** Images whose gradients are computed at once, accumulated over the batch; all of it by default. */
  readonly microBatch?: number;
  readonly optimizer: OptimizerName;
  /** Seed of the order in which samples are visited, and of augmentation. */
  readonly seed: number;
  /** How images are varied; as they are by default. */
  readonly augment?: Augmentation;
  /**
   * BatchNormalization by the statistics of the batch (`train`, the default), or by the running ones, which stay
   * (`frozen`); `restore` puts one after each convolution that has none for the time of the training.
   */
  readonly batchNorm?: 'train' | 'frozen' | 'restore';
}

/** What a setting must be: a test, and its words. */
type Rule = readonly [holds: (value: never) => boolean, what: string];

const within = (low: number, high: number) => (value: number) => value >= low && value <= high;
const whole: Rule = [(value: number) => Number.isInteger(value) && value >= 1, 'a whole number from 1'];
const positive: Rule = [(value: number) => value > 0 && value < Infinity, 'a positive number'];
const unsigned: Rule = [(value: number) => value >= 0 && value < Infinity, '0 or a positive number'];
const share: Rule = [within(0, 1), 'from 0 to 1'];
const belowOne: Rule = [(value: number) => value >= 0 && value < 1, 'at least 0 and below 1'];
const flag: Rule = [(value: unknown) => typeof value === 'boolean', 'true or false'];
const group: Rule = [(value: unknown) => typeof value === 'object' && value !== null, 'a set of settings'];
const oneOf = (names: readonly string[]): Rule => [
  (value: string) => names.includes(value),
  `one of ${names.join(', ')}`,
];

/** By setting; those that may be left out are checked where they are given. */
const rules: { readonly [name in keyof TrainingSettings]-?: Rule } = {
  epochs: whole,
  batch: whole,
  microBatch: whole,
  seed: [Number.isInteger, 'a whole number'],
  learningRate: positive,
  schedule: oneOf(scheduleNames),
  warmUp: belowOne,
  milestones: [
    (values: readonly number[]) =>
      Array.isArray(values) && values.every((value, at) => value > (values[at - 1] ?? 0) && value < 1),
    'ascending shares of the training, above 0 and below 1',
  ],
  gamma: [(value: number) => value > 0 && value <= 1, 'above 0 and at most 1'],
  floor: share,
  optimizer: oneOf(optimizerNames),
  momentum: belowOne,
  nesterov: flag,
  beta2: belowOne,
  epsilon: positive,
  weightDecay: unsigned,
  decay: oneOf(['weights', 'all']),
  clip: positive,
  ema: belowOne,
  batchNorm: oneOf(['train', 'frozen', 'restore']),
  loss: oneOf(lossNames),
  labelSmoothing: belowOne,
  ignoreLabel: [Number.isInteger, 'a whole number'],
  augment: group,
  distillation: group,
};

const distillationRules: { readonly [name in keyof NonNullable<LossSettings['distillation']>]-?: Rule } = {
  weight: [(value: number) => value > 0 && value <= 1, 'above 0 and at most 1'],
  logits: oneOf(['kl', 'mse', 'none']),
  temperature: positive,
  features: [
    (values: readonly string[]) => Array.isArray(values) && new Set(values).size === values.length,
    'names of values, each once',
  ],
  featureWeight: positive,
};

const required = [
  'epochs',
  'batch',
  'seed',
  'learningRate',
  'schedule',
  'optimizer',
  'momentum',
  'weightDecay',
];

const wrong = (message: string) => new EngineError('InvalidSettings', message);

function checkEach(values: object, table: Readonly<Record<string, Rule>>, prefix = ''): void {
  for (const [name, [holds, what]] of Object.entries(table)) {
    const value = (values as Record<string, unknown>)[name];
    if (value === undefined && (prefix || !required.includes(name))) continue;
    if (holds(value as never)) continue;
    throw wrong(
      `fine-tuning setting ${prefix}${name} is ${JSON.stringify(value) ?? 'missing'}; it must be ${what}`,
    );
  }
}

/** Settings that mean something only beside others: [what is wrong, when]. */
const contradictions: readonly [(settings: TrainingSettings, teacher: boolean) => unknown, string][] = [
  [
    ({ schedule, warmUp }) => schedule === 'one-cycle' && warmUp,
    'warmUp has no place in schedule one-cycle, which rises by itself: leave it out, or choose cosine',
  ],
  [({ optimizer, nesterov }) => optimizer !== 'sgd' && nesterov, 'nesterov belongs to optimizer sgd'],
  [
    ({ nesterov, momentum }) => nesterov && !momentum,
    'nesterov looks ahead along a momentum, which is 0: set momentum, or leave nesterov out',
  ],
  [
    ({ loss = 'cross-entropy', labelSmoothing, ignoreLabel }) =>
      loss !== 'cross-entropy' && (labelSmoothing || ignoreLabel !== undefined),
    'labelSmoothing and ignoreLabel belong to loss cross-entropy',
  ],
  [
    ({ distillation }, teacher) => distillation && !teacher,
    'distillation needs a teacher: give the original model, or leave distillation out',
  ],
  [
    ({ distillation }) => distillation?.logits === 'none' && !distillation.features?.length,
    'distillation compares nothing: name features, or set logits to kl or mse',
  ],
];

/**
 * @param teacher whether there is one to distill from.
 * @throws EngineError `InvalidSettings` naming the setting.
 */
export function checkSettings(settings: TrainingSettings, teacher = false): void {
  checkEach(settings, rules);
  if (settings.distillation) checkEach(settings.distillation, distillationRules, 'distillation.');
  for (const [holds, message] of contradictions)
    if (holds(settings, teacher)) throw wrong(`fine-tuning setting ${message}`);
}

/**
 * @param image [C, H, W] of the data.
 * @throws EngineError when the model has not exactly one input, or one that does not take such images.
 */
export function checkInput(graph: Graph, image: readonly number[], file: string): void {
  const { inputs } = graph;
  if (inputs.length !== 1) {
    throw new EngineError(
      'UnsupportedModel',
      `the model has ${inputs.length} inputs (${inputs.map(({ name }) => name).join(', ')}); fine-tuning feeds one`,
    );
  }
  const [{ name, dims }] = inputs;
  const wanted = dims?.slice(1);
  const fits = wanted?.every((dim, at) => typeof dim !== 'number' || dim === image[at]) ?? true;
  if (!fits || (wanted && wanted.length !== image.length)) {
    throw new EngineError(
      'InvalidData',
      `${file} holds images of shape [${image.join(', ')}]; the model's input ${name} takes [${wanted!.join(', ')}]`,
    );
  }
}

/** @throws EngineError `InvalidData` when a label is no class of the model. */
export function checkData(data: Dataset, classes: number, file: string): void {
  checkRange(data, [0, classes - 1], `the model's classes are 0 to ${classes - 1}`, file);
}

/** @throws EngineError `InvalidData` when there are no labels, or one is none that the loss of a step takes. */
export function checkLabelsOf(
  data: Dataset,
  { labels, classes }: Pick<TrainingStep, 'labels' | 'classes'>,
  settings: LossSettings,
  file: string,
): void {
  if (!labels) return;
  const { range = [-Infinity, Infinity] } = lossRule(settings);
  const last = classes - 1;
  if (labels === 'score') {
    checkRange(data, range, `${settings.loss} takes labels from ${range[0]} to ${range[1]}`, file);
  } else checkRange(data, [0, last], `the model's classes are 0 to ${last}`, file, settings.ignoreLabel);
}

function checkRange(
  { labels, labelShape }: Dataset,
  [low, high]: readonly [number, number],
  wanted: string,
  file: string,
  ignored?: number,
): void {
  const at = labels.findIndex((label) => (label < low || label > high) && label !== ignored);
  if (at < 0) return;
  const row = Math.floor(at / sizeOf(labelShape));
  throw new EngineError(
    'InvalidData',
    `${file} holds label ${labels[at]} (row ${row} of the split); ${wanted}`,
  );
}
