import { EngineError } from '../errors';
import {
  batchNormNames,
  comparedLogits,
  decayNames,
  type DistillationSettings,
  lossNames,
  optimizerNames,
  precisionNames,
  scheduleNames,
  type TrainingSettings,
} from './settings';

/** A test of a setting, and what it must be in words. */
export type Rule = readonly [holds: (value: never) => boolean, what: string];

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

/** Longest loss graph, in characters of base64: it goes with every message about a training. */
export const mostLossGraph = 2 ** 15;

/** Rules by setting; optional ones are checked if they are given. */
export const trainingRules: { readonly [name in keyof TrainingSettings]-?: Rule } = {
  epochs: whole,
  batch: whole,
  microBatch: whole,
  stepsPerCall: whole,
  precision: oneOf(precisionNames),
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
  decay: oneOf(decayNames),
  clip: positive,
  ema: belowOne,
  batchNorm: oneOf(batchNormNames),
  loss: oneOf(lossNames),
  lossGraph: [
    (value: string) =>
      typeof value === 'string' && value.length <= mostLossGraph && /^[A-Za-z0-9+/]+={0,2}$/.test(value),
    `an ONNX file of at most ${(mostLossGraph * 3) / 4096} KiB, in base64`,
  ],
  labelSmoothing: belowOne,
  ignoreLabel: [Number.isInteger, 'a whole number'],
  augment: group,
  distillation: group,
};

/** Rules of the settings of distillation. */
export const distillationRules: { readonly [name in keyof DistillationSettings]-?: Rule } = {
  weight: [(value: number) => value > 0 && value <= 1, 'above 0 and at most 1'],
  logits: oneOf(comparedLogits),
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

/** Settings that only make sense together with others: [setting, condition in which it does not, reason]. */
const contradictions: readonly [
  name: keyof TrainingSettings,
  holds: (settings: TrainingSettings) => unknown,
  why: string,
][] = [
  ['lossGraph', ({ loss, lossGraph }) => loss && lossGraph, 'takes the place of loss: leave one of them out'],
  [
    'warmUp',
    ({ schedule, warmUp }) => schedule === 'one-cycle' && warmUp,
    'does not apply to schedule one-cycle, which warms up by itself: leave it out, or choose cosine',
  ],
  [
    'nesterov',
    ({ optimizer, nesterov }) => optimizer !== 'sgd' && nesterov,
    'only applies to optimizer sgd: leave it out, or choose sgd',
  ],
  [
    'nesterov',
    ({ nesterov, momentum }) => nesterov && !momentum,
    'needs momentum, which is 0: set momentum, or leave nesterov out',
  ],
  [
    'labelSmoothing',
    ({ loss = 'cross-entropy', labelSmoothing }) => loss !== 'cross-entropy' && labelSmoothing,
    'only applies to loss cross-entropy: leave it out, or choose cross-entropy',
  ],
  [
    'ignoreLabel',
    ({ loss = 'cross-entropy', ignoreLabel }) => loss !== 'cross-entropy' && ignoreLabel !== undefined,
    'only applies to loss cross-entropy: leave it out, or choose cross-entropy',
  ],
  [
    'distillation',
    ({ distillation }) => distillation?.logits === 'none' && !distillation.features?.length,
    'has nothing to compare: name features, or set logits to kl, mse or heads',
  ],
  [
    'distillation',
    ({ distillation }) => distillation?.logits === 'heads' && (distillation.weight ?? 1) < 1,
    'compares heads, which no labels are compared with: leave weight out, or set logits to kl or mse',
  ],
];

/** Finds the first setting that others rule out, and why; undefined if there is none. */
export function contradictionIn(
  settings: TrainingSettings,
): { readonly name: keyof TrainingSettings; readonly why: string } | undefined {
  const found = contradictions.find(([, holds]) => holds(settings));
  return found && { name: found[0], why: found[2] };
}

/**
 * Checks settings one by one and together.
 * @param teacher true if there is one to distill from
 * @throws EngineError `InvalidSettings` that names the setting
 */
export function checkSettings(settings: TrainingSettings, teacher = false): void {
  checkEach(settings, trainingRules);
  if (settings.distillation) checkEach(settings.distillation, distillationRules, 'distillation.');
  const found = contradictionIn(settings);
  if (found) throw wrong(`fine-tuning setting ${found.name} ${found.why}`);
  if (settings.distillation && !teacher)
    throw wrong(
      'fine-tuning setting distillation needs a teacher: give the original model, or leave distillation out',
    );
}
