import { InvalidArgumentError, Option } from 'commander';

import type { FineTuneSettings } from '../engine/jobs/types';
import { type Augmentation, fills } from '../engine/training/batches/augment';
import {
  batchNormNames,
  comparedLogits,
  decayNames,
  type DistillationSettings,
  lossNames,
  optimizerNames,
  precisionNames,
  scheduleNames,
} from '../engine/training/settings';
import { positiveInteger } from './options';

const real = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Must be a number.');
  return value;
};
const reals = (text: string): number[] => text.split(',').map(real);
const names = (text: string): string[] => text.split(',');

const amount = (text: string | undefined): number => (text ? real(text) : NaN);
/** Reads an augmentation, by its name: takes the texts after the first and the second colon. */
const variations: Readonly<Record<string, (first?: string, second?: string) => Augmentation>> = {
  flip: () => ({ flip: true }),
  crop: (padding, fill) => ({ crop: amount(padding), ...(fill && { fill: fillOf(fill) }) }),
  brightness: (reach) => ({ brightness: amount(reach) }),
  contrast: (reach) => ({ contrast: amount(reach) }),
  cutout: (side) => ({ cutout: amount(side) }),
  'fixed-labels': () => ({ fixedLabels: true }),
};

function fillOf(text: string): Augmentation['fill'] {
  const fill = fills.find((name) => name === text);
  if (!fill) throw new InvalidArgumentError(`Padding must be ${fills.join(' or ')}.`);
  return fill;
}

/** Parses an augmentation such as `flip,crop:4:reflect`. */
function augmentation(text: string): Augmentation {
  const parts = text.split(',').map((part) => {
    const [name, ...values] = part.split(':');
    const read = Object.hasOwn(variations, name) ? variations[name] : undefined;
    if (!read || values.length > read.length)
      throw new InvalidArgumentError(
        `Must be a list of ${Object.keys(variations).join(', ')}, such as flip,crop:4.`,
      );
    const variation = read(...values);
    if (Object.values(variation).some(Number.isNaN))
      throw new InvalidArgumentError(`${name} needs a number, such as ${name}:${name === 'crop' ? 4 : 0.2}.`);
    return variation;
  });
  return Object.assign({}, ...parts) as Augmentation;
}

/** A setting as an option: a flag if it takes nothing; otherwise a parser, or the list of values. */
type Row = readonly [
  flags: string,
  description: string,
  takes?: ((text: string) => unknown) | readonly string[],
];

/** Options by field of `fineTune`; defaults in brackets. */
const rows: Readonly<Record<Exclude<keyof FineTuneSettings, 'distillation' | 'lossGraph'>, Row>> = {
  epochs: ['--epochs <n>', 'passes over the training images (2; from scratch 10)', positiveInteger],
  learningRate: [
    '--learning-rate <rate>',
    'constant rate, or peak of the schedule (0.002; with --batch-norm restore 0.02; from scratch 0.05)',
    real,
  ],
  schedule: ['--schedule <name>', 'learning rate schedule (one-cycle)', scheduleNames],
  warmUp: ['--warm-up <share>', 'share of the steps in which the rate rises at first (0)', real],
  milestones: [
    '--milestones <0.5,0.75>',
    'schedule step: when the rate drops, as shares of the training',
    reals,
  ],
  gamma: ['--gamma <factor>', 'schedule step: factor of each drop (0.1)', real],
  floor: ['--floor <share>', 'schedule cosine: final rate, as a share of the learning rate (0)', real],
  batch: ['--batch <n>', 'images per step (64)', positiveInteger],
  microBatch: [
    '--micro-batch <n>',
    'images per pass if memory is short; gradients are accumulated over the batch',
    positiveInteger,
  ],
  stepsPerCall: [
    '--steps-per-call <n>',
    'steps per call of ONNX Runtime; the result is the same (16 on CUDA, otherwise 1)',
    positiveInteger,
  ],
  precision: [
    '--precision <name>',
    'float32; mixed, with float16 if that is precise enough; or auto, which is mixed on CUDA (float32)',
    precisionNames,
  ],
  optimizer: ['--optimizer <name>', 'optimizer (sgd)', optimizerNames],
  momentum: ['--momentum <m>', 'momentum, or beta 1 of adamw; at least 0 and below 1 (0.9)', real],
  nesterov: ['--nesterov', 'sgd: use Nesterov momentum'],
  beta2: ['--beta2 <b>', 'adamw: decay of the second moment (0.999)', real],
  epsilon: ['--epsilon <e>', 'adamw: added to the root of the second moment (1e-8)', real],
  weightDecay: ['--weight-decay <d>', 'weight decay, applied to what --decay says (0.0005)', real],
  decay: [
    '--decay <what>',
    'what decays: weights alone, without biases, scales and shifts; or all (weights)',
    decayNames,
  ],
  clip: ['--clip <norm>', 'clip the global norm of the gradients to this', real],
  ema: ['--ema <decay>', 'write a moving average of the weights with this decay, such as 0.999', real],
  batchNorm: [
    '--batch-norm <mode>',
    "train: batch statistics; frozen: running statistics; restore: undo the exporter's folding for the training (train)",
    batchNormNames,
  ],
  loss: [
    '--loss <name>',
    "per sample, or per pixel or score if the labels are (cross-entropy, or what suits the spec's metric)",
    lossNames,
  ],
  labelSmoothing: [
    '--label-smoothing <share>',
    'cross-entropy: share of a label spread over all classes (0)',
    real,
  ],
  ignoreLabel: ['--ignore-label <n>', 'cross-entropy: label to ignore, such as 255', real],
  augment: [
    '--augment <flip,crop:4>',
    'augment images: flip, crop:N[:reflect], brightness:X, contrast:X, cutout:N; fixed-labels if numeric labels stay valid',
    augmentation,
  ],
  earlyStopping: [
    '--early-stopping <n>',
    'stop after n epochs without a better metric, and keep the best epoch',
    (text) => ({ patience: positiveInteger(text) }),
  ],
  keepBest: ['--keep-best', 'evaluate each epoch, and keep the best one'],
  seed: ['--seed <n>', 'random seed of the order, augmentation and new weights (0)', real],
};

/** Options by field of `fineTune.distillation`; defaults in brackets. */
const distillationRows: Readonly<Record<keyof DistillationSettings, Row>> = {
  weight: ['--distill-weight <share>', "the teacher's share of the loss; 1 needs no labels (1)", real],
  logits: [
    '--distill-logits <how>',
    'how outputs are compared: as distributions, as scores, at the last layers, or not at all (kl)',
    comparedLogits,
  ],
  temperature: ['--distill-temperature <t>', 'temperature that softens the distributions (4)', real],
  features: ['--distill-features <names>', 'values inside both models to compare, such as a,b', names],
  featureWeight: ['--distill-feature-weight <w>', 'weight of each of them in the loss (1)', real],
};

function optionOf([flags, description, takes]: Row): Option {
  const option = new Option(flags, description);
  if (!takes) return option;
  return typeof takes === 'function' ? option.argParser(takes) : option.choices(takes);
}

/** Returns all training settings as options. */
export const settingOptions = (): Option[] =>
  [...Object.values(rows), ...Object.values(distillationRows)].map(optionOf);

/**
 * Returns the settings of a spec, overridden by those that options give.
 * @param flags by commander's names
 * @param given the settings of the spec
 */
export function settingsOf(
  flags: Readonly<Record<string, unknown>>,
  given: Partial<FineTuneSettings>,
): Partial<FineTuneSettings> {
  const givenBy = (table: Readonly<Record<string, Row>>) =>
    Object.fromEntries(
      Object.entries(table)
        .map(([field, row]) => [field, flags[optionOf(row).attributeName()]] as const)
        .filter(([, value]) => value !== undefined),
    );
  const taught = givenBy(distillationRows);
  const distillation = Object.keys(taught).length ? { ...given.distillation, ...taught } : given.distillation;
  return { ...given, ...givenBy(rows), ...(distillation && { distillation }) };
}
