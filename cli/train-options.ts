import { Argument, type Command, InvalidArgumentError, Option } from 'commander';

import type { FineTuneSettings } from '../engine/jobs/types';
import { type Augmentation, fills } from '../engine/training/augment';

/** The options of `slimflow train` as commander gives them; settings of training come under their own names. */
export interface TrainFlags extends Partial<FineTuneSettings> {
  readonly data: string;
  readonly out: string;
  readonly fromScratch?: boolean;
  /** Where the curve goes, .json or .csv. */
  readonly curve?: string;
  readonly checkpoints?: string;
  readonly checkpointSeconds: number;
  readonly threads?: number;
  readonly json?: boolean;
}

const real = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number.');
  return value;
};
const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number, 1 or more.');
  return value;
};

const amount = (text: string | undefined): number => (text ? real(text) : NaN);
/** How an augmentation is written, by its name: what stands behind the first and the second colon. */
const variations: Readonly<Record<string, (first?: string, second?: string) => Augmentation>> = {
  flip: () => ({ flip: true }),
  crop: (padding, fill) => ({ crop: amount(padding), ...(fill && { fill: fillOf(fill) }) }),
  brightness: (reach) => ({ brightness: amount(reach) }),
  contrast: (reach) => ({ contrast: amount(reach) }),
  cutout: (side) => ({ cutout: amount(side) }),
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

/** A setting of training as an option: what commander calls it is its field in `fineTune`. */
const settings: readonly [flags: string, description: string, parse?: (text: string) => unknown][] = [
  ['--epochs <n>', 'times that all training images are seen (2; from scratch 10)', count],
  [
    '--learning-rate <rate>',
    'the constant rate, or the peak of the schedule (0.002; from scratch 0.05)',
    real,
  ],
  ['--batch <n>', 'images a step (64)', count],
  ['--momentum <m>', 'at least 0 and below 1 (0.9)', real],
  ['--weight-decay <d>', 'on all parameters (0.0005)', real],
  ['--micro-batch <n>', 'images computed at once where memory is short; gradients are accumulated', count],
  [
    '--early-stopping <n>',
    'stop after n epochs without a better metric, and keep the best',
    (text) => ({ patience: count(text) }),
  ],
  ['--keep-best', 'judge each epoch on the evaluation split, and keep the best'],
  ['--seed <n>', 'of order, augmentation and new weights (0)', real],
  [
    '--augment <flip,crop:4>',
    'vary images: flip, crop:N[:reflect], brightness:X, contrast:X, cutout:N',
    augmentation,
  ],
];
const choices: readonly [flags: string, description: string, names: readonly string[]][] = [
  ['--optimizer <name>', 'how gradients become steps (sgd)', ['sgd']],
  ['--schedule <name>', 'how the learning rate moves (one-cycle)', ['one-cycle', 'constant']],
];

/** Adds `slimflow train`. */
export function addTrain(program: Command, done: (status: number) => void): void {
  const command = program
    .command('train')
    .description('train a model on labelled data, without a server and without Python')
    .addArgument(new Argument('<model>', 'ONNX file: the network, and the weights to go on from'))
    .requiredOption(
      '--data <spec>',
      'YAML or JSON file: `data` with train, and evaluate and test where there are any; `fineTune` with settings',
    )
    .requiredOption('--out <file>', 'where to write the trained model')
    .option('--from-scratch', 'begin with new random weights rather than with those of the model');
  for (const [flags, description, parse] of settings) {
    const option = new Option(flags, description);
    command.addOption(parse ? option.argParser(parse) : option);
  }
  for (const [flags, description, names] of choices)
    command.addOption(new Option(flags, description).choices(names));
  command
    .option('--curve <file>', 'loss and learning rate by step, loss and metric by epoch: .json or .csv')
    .option(
      '--checkpoints <folder>',
      'keep checkpoints here, and go on from the last (default: beside --out)',
    )
    .option('--checkpoint-seconds <s>', 'time between checkpoints', count, 60)
    .option('--threads <n>', 'threads of ONNX Runtime; all cores when left out', count)
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      `
Settings that no option gives are those of \`fineTune\` in the spec, else the defaults in brackets.

Examples:
  slimflow train model.onnx --data job.yaml --epochs 5 --learning-rate 0.001 --out tuned.onnx
  slimflow train network.onnx --data job.yaml --from-scratch --augment flip,crop:4 --out trained.onnx --curve curve.csv

Ctrl-C writes a checkpoint; the same command then goes on, and ends in the same bits.`,
    )
    .action(async (model: string, flags: TrainFlags) =>
      done(await (await import('./train.js')).train(model, flags)),
    );
}

/** The fields of the flags that are settings of training. */
export const settingsOf = (flags: TrainFlags): Partial<FineTuneSettings> => {
  const names = [...settings, ...choices].map(([option]) => new Option(option).attributeName());
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => names.includes(name) && value !== undefined),
  );
};
