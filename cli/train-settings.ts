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
import { whole } from './options';

const real = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
};
const reals = (text: string): number[] => text.split(',').map(real);
const names = (text: string): string[] => text.split(',');

const amount = (text: string | undefined): number => (text ? real(text) : NaN);
/** How an augmentation is written, by its name: what stands behind the first and the second colon. */
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
  if (!fill) throw new InvalidArgumentError(`Edges are padded by ${fills.join(' or ')}.`);
  return fill;
}

/** `flip,crop:4:reflect` as an augmentation. */
function augmentation(text: string): Augmentation {
  const parts = text.split(',').map((part) => {
    const [name, ...values] = part.split(':');
    const read = Object.hasOwn(variations, name) ? variations[name] : undefined;
    if (!read || values.length > read.length)
      throw new InvalidArgumentError(
        `It is a list of ${Object.keys(variations).join(', ')}, as in flip,crop:4.`,
      );
    const variation = read(...values);
    if (Object.values(variation).some(Number.isNaN))
      throw new InvalidArgumentError(`${name} needs a number, as in ${name}:${name === 'crop' ? 4 : 0.2}.`);
    return variation;
  });
  return Object.assign({}, ...parts) as Augmentation;
}

/** A setting as an option: a flag where it takes nothing, else how its text is read, or what it is one of. */
type Row = readonly [
  flags: string,
  description: string,
  takes?: ((text: string) => unknown) | readonly string[],
];

/** By field of `fineTune`; the default in brackets. */
const rows: Readonly<Record<Exclude<keyof FineTuneSettings, 'distillation'>, Row>> = {
  epochs: ['--epochs <n>', 'times that all training images are seen (2; from scratch 10)', whole],
  learningRate: [
    '--learning-rate <rate>',
    'the constant rate, or the peak of the schedule (0.002; with --batch-norm restore 0.02; from scratch 0.05)',
    real,
  ],
  schedule: ['--schedule <name>', 'how the learning rate moves (one-cycle)', scheduleNames],
  warmUp: ['--warm-up <share>', 'of the steps in which the rate rises first (0)', real],
  milestones: ['--milestones <0.5,0.75>', 'schedule step: shares of the training where it drops', reals],
  gamma: ['--gamma <factor>', 'schedule step: what the rate is multiplied with there (0.1)', real],
  floor: ['--floor <share>', 'schedule cosine: of the rate, where it ends (0)', real],
  batch: ['--batch <n>', 'images a step (64)', whole],
  microBatch: [
    '--micro-batch <n>',
    'images computed at once where memory is short; gradients are accumulated',
    whole,
  ],
  stepsPerCall: [
    '--steps-per-call <n>',
    'steps that ONNX Runtime is given at once, with the same result (16 on CUDA, else 1)',
    whole,
  ],
  precision: [
    '--precision <name>',
    'compute in float32, or in float16 where that is enough: mixed, or auto, which is that on CUDA (float32)',
    precisionNames,
  ],
  optimizer: ['--optimizer <name>', 'how gradients become steps (sgd)', optimizerNames],
  momentum: ['--momentum <m>', 'at least 0 and below 1; of adamw beta 1 (0.9)', real],
  nesterov: ['--nesterov', 'sgd: take the gradient ahead, along the momentum'],
  beta2: ['--beta2 <b>', 'adamw: decay of the second moment (0.999)', real],
  epsilon: ['--epsilon <e>', 'adamw: what its root is raised by (1e-8)', real],
  weightDecay: ['--weight-decay <d>', 'of weights that multiply, or what --decay says (0.0005)', real],
  decay: ['--decay <what>', 'what decays: no biases, scales and shifts, or all (weights)', decayNames],
  clip: ['--clip <norm>', 'scale gradients of a larger global norm down to it', real],
  ema: ['--ema <decay>', 'write a moving average of the weights, as with 0.999', real],
  batchNorm: [
    '--batch-norm <mode>',
    'by the statistics of the batch, the running ones, or put back for the training (train)',
    batchNormNames,
  ],
  loss: [
    '--loss <name>',
    "of samples, of each pixel or score where labels are so (cross-entropy, or what suits the spec's metric)",
    lossNames,
  ],
  labelSmoothing: ['--label-smoothing <share>', 'cross-entropy: of a label for all classes alike (0)', real],
  ignoreLabel: ['--ignore-label <n>', 'cross-entropy: a label that counts for nothing, such as 255', real],
  augment: [
    '--augment <flip,crop:4>',
    'vary images: flip, crop:N[:reflect], brightness:X, contrast:X, cutout:N; fixed-labels where numbers stay true',
    augmentation,
  ],
  earlyStopping: [
    '--early-stopping <n>',
    'stop after n epochs without a better metric, and keep the best',
    (text) => ({ patience: whole(text) }),
  ],
  keepBest: ['--keep-best', 'judge each epoch on the evaluation split, and keep the best'],
  seed: ['--seed <n>', 'of order, augmentation and new weights (0)', real],
};

/** By field of `fineTune.distillation`. */
const distillationRows: Readonly<Record<keyof DistillationSettings, Row>> = {
  weight: ['--distill-weight <share>', "the teacher's share of the loss; 1 needs no labels (1)", real],
  logits: ['--distill-logits <how>', 'compare distributions, scores or neither (kl)', comparedLogits],
  temperature: ['--distill-temperature <t>', 'softens distributions (4)', real],
  features: ['--distill-features <names>', 'values inside both models to compare, as in a,b', names],
  featureWeight: ['--distill-feature-weight <w>', 'what each of them counts (1)', real],
};

function optionOf([flags, description, takes]: Row): Option {
  const option = new Option(flags, description);
  if (!takes) return option;
  return typeof takes === 'function' ? option.argParser(takes) : option.choices(takes);
}

/** All settings of training as options. */
export const settingOptions = (): Option[] =>
  [...Object.values(rows), ...Object.values(distillationRows)].map(optionOf);

/**
 * The settings that options give, over those that a spec gives.
 * @param flags by commander's names.
 */
export function settingsOf(
  flags: Readonly<Record<string, unknown>>,
  given: Partial<FineTuneSettings>,
): Partial<FineTuneSettings> {
  const told = (table: Readonly<Record<string, Row>>) =>
    Object.fromEntries(
      Object.entries(table)
        .map(([field, row]) => [field, flags[optionOf(row).attributeName()]] as const)
        .filter(([, value]) => value !== undefined),
    );
  const taught = told(distillationRows);
  const distillation = Object.keys(taught).length ? { ...given.distillation, ...taught } : given.distillation;
  return { ...given, ...told(rows), ...(distillation && { distillation }) };
}
