import { Argument, type Command, InvalidArgumentError, Option } from 'commander';

import {
  backendChoices,
  costs,
  importanceNames,
  providerChoices,
  scoreNames,
  selectionModes,
  techniques,
} from '../engine/names';
import type { CompressFlags } from './compress';
import { inputSizeOption, integerOrAuto, positiveInteger, positiveNumber, repeatable } from './options';

/** Adds `slimflow compress`; its options set what a run's spec sets. */
export function addCompress(program: Command, done: (status: number) => void): void {
  program
    .command('compress')
    .description('compress a model with one technique, without a server')
    .addArgument(new Argument('<model>', 'ONNX file'))
    .addOption(choice('--technique <name>', 'how to compress', techniques).makeOptionMandatory())
    .option('--target <ratio>', 'share of the cost to keep, above 0 and at most 1', positiveNumber)
    .addOption(choice('--cost <name>', 'cost that ratios refer to', costs).default('macs'))
    .option(
      '--data <spec>',
      'spec (YAML or JSON) whose `data` is used to score and refit; without it, random inputs are used',
    )
    .addOption(
      choice(
        '--score <name>',
        'score layers by the metric, or by fidelity to the original outputs (needs no labels)',
        scoreNames,
      ),
    )
    .addOption(
      choice('--select <mode>', 'how ranks and channels are chosen for the target', selectionModes).default(
        'optimal',
      ),
    )
    .option('--monotonic', 'greedy and tar: make scores increase with the ratio first')
    .option('--layer <name=ratio...>', 'set the ratios of layers by hand, at most 1', named(positiveNumber))
    .option('--channels <name=0,5,7...>', 'set the input channels to remove by hand', named(indices))
    .option('--ignore <name...>', 'layers to leave unchanged', repeatable(String))
    .option(
      '--multiplicity <n>',
      'round ranks and channels to multiples of n, in layers with at least n; auto prefers the blocks of channels that the processor computes at once',
      integerOrAuto,
      'auto',
    )
    .option('--minimum <n>', 'minimum rank, and minimum number of channels, of a layer', positiveInteger, 1)
    .addOption(choice('--importance <name>', 'how channels are ranked', importanceNames).default('l2'))
    .option('--no-coupled', 'do not prune channels that branches share, as in AIMET')
    .addOption(inputSizeOption())
    .option('--candidates <n>', 'score the ratios 1/n to (n-1)/n (default: n = 10)', positiveInteger)
    .option('--samples <n>', 'samples per score', positiveInteger)
    .option('--reconstruction-samples <n>', 'samples to refit compressed layers on', positiveInteger)
    .option('--reconstruction-patches <n>', 'patches to take from each of them', positiveInteger)
    .option('--no-refit', 'SVD: do not refit layers on the data, as in AIMET')
    .option(
      '--fine-tune-each <epochs>',
      'fine-tune for this many epochs, such as 0.25, after each compressed layer, as `fineTune` of --data says',
      positiveNumber,
    )
    .option('--scores <file>', 'file of scores: read if it exists, written otherwise')
    .addOption(
      choice('--provider <name>', 'ONNX Runtime execution provider', providerChoices).default('auto'),
    )
    .addOption(
      choice('--linear-algebra <name>', 'library for matrix decompositions', backendChoices).default('auto'),
    )
    .requiredOption('--out <file>', 'file to write the compressed model to')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  slimflow compress model.onnx --technique spatial-svd --target 0.5 --out small.onnx
  slimflow compress model.onnx --technique channel-pruning --target 0.6 --data job.yaml --out small.onnx --json
  slimflow compress model.onnx --technique weight-svd --select manual --layer fc1=0.3 --out small.onnx

Exit status 3: the target could not be reached; the closest model was written.`,
    )
    .action(async (model: string, flags: CompressFlags) =>
      done(await (await import('./compress.js')).compress(model, flags)),
    );
}

const choice = (flags: string, description: string, names: readonly string[]) =>
  new Option(flags, description).choices(names);

const indices = (text: string) =>
  text.split(',').map((part) => {
    const value = Number(part);
    if (part.trim() === '' || !Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError('Channels must be whole numbers, 0 or more, separated by commas.');
    return value;
  });

/** Parses and collects NAME=VALUE; a name may contain `=` itself. */
const named =
  <T>(parse: (text: string) => T) =>
  (text: string, before: Readonly<Record<string, T>> = {}): Record<string, T> => {
    const at = text.lastIndexOf('=');
    if (at < 1) throw new InvalidArgumentError('Must be NAME=VALUE.');
    return { ...before, [text.slice(0, at)]: parse(text.slice(at + 1)) };
  };
