import { Argument, type Command, InvalidArgumentError, Option } from 'commander';

import {
  backendNames,
  costs,
  importanceNames,
  providerNames,
  scoreNames,
  selectNames,
  techniques,
} from '../engine/names';
import type { CompressFlags } from './compress';
import { positive, whole } from './options';

/** Adds `slimflow compress`, whose options are what the spec of a run says otherwise. */
export function addCompress(program: Command, done: (status: number) => void): void {
  program
    .command('compress')
    .description('compress a model by one technique, without a server')
    .addArgument(new Argument('<model>', 'ONNX file'))
    .addOption(choice('--technique <name>', 'what to do', techniques).makeOptionMandatory())
    .option('--target <ratio>', 'share of the cost to be left, above 0 and at most 1', positive)
    .addOption(choice('--cost <name>', 'what the ratio is a ratio of', costs).default('macs'))
    .option(
      '--data <spec>',
      'YAML or JSON file whose `data` says what to score and refit on; else random inputs',
    )
    .addOption(choice('--score <name>', 'metric, or fidelity to the outputs (needs no labels)', scoreNames))
    .addOption(
      choice('--select <mode>', 'how the target becomes ranks and channels', selectNames).default('optimal'),
    )
    .option('--monotonic', 'greedy and tar: make eval scores rise with the ratio first')
    .option('--layer <name=ratio...>', 'ratios of layers by hand, at most 1', named(positive), {})
    .option('--channels <name=0,5,7...>', 'input channels to remove by hand', named(indices), {})
    .option('--ignore <name...>', 'layers that stay as they are', listed, [])
    .option('--multiplicity <n>', 'ranks and channels are multiples of n where a layer has as many', whole, 1)
    .option('--minimum <n>', 'least rank and fewest channels that a layer is left with', whole, 1)
    .addOption(choice('--importance <name>', 'by what channels are ranked', importanceNames).default('l2'))
    .option('--no-coupled', 'leave channels alone that are tied across branches, as AIMET does')
    .option('--input-size <1x3x224x224>', 'sizes of the input where the model leaves them open', sizes)
    .option('--candidates <n>', 'ratios 1/n to (n-1)/n get an eval score (10 when left out)', whole)
    .option('--samples <n>', 'samples that a score is computed on', whole)
    .option('--reconstruction-samples <n>', 'samples that pruned layers are refitted on', whole)
    .option('--reconstruction-patches <n>', 'patches taken of each', whole)
    .option(
      '--fine-tune-each <epochs>',
      'fine-tune behind each compressed layer, with the `fineTune` of --data; may be a fraction, as 0.25',
      positive,
    )
    .option('--scores <file>', 'eval scores: read where the file is there, else written')
    .addOption(
      choice('--provider <name>', 'execution provider of ONNX Runtime', providerNames).default('auto'),
    )
    .addOption(choice('--linear-algebra <name>', 'library for decompositions', backendNames).default('auto'))
    .requiredOption('--out <file>', 'where to write the compressed model')
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  slimflow compress model.onnx --technique spatial-svd --target 0.5 --out small.onnx
  slimflow compress model.onnx --technique channel-pruning --target 0.6 --data job.yaml --out small.onnx --json
  slimflow compress model.onnx --technique weight-svd --select manual --layer fc1=0.3 --out small.onnx

Exit status 3: the target is out of reach; the model nearest to it is written.`,
    )
    .action(async (model: string, flags: CompressFlags) =>
      done(await (await import('./compress.js')).compress(model, flags)),
    );
}

const choice = (flags: string, description: string, names: readonly string[]) =>
  new Option(flags, description).choices(names);

const sizes = (text: string) => text.split(/[x,]/).map(whole);

const indices = (text: string) =>
  text.split(',').map((part) => {
    const value = Number(part);
    if (part.trim() === '' || !Number.isInteger(value) || value < 0)
      throw new InvalidArgumentError('Channels are whole numbers from 0, separated by commas.');
    return value;
  });

const listed = (text: string, before: readonly string[]) => [...before, text];

/** NAME=VALUE, collected; a name may hold `=` itself. */
const named =
  <T>(parse: (text: string) => T) =>
  (text: string, before: Readonly<Record<string, T>>): Record<string, T> => {
    const at = text.lastIndexOf('=');
    if (at < 1) throw new InvalidArgumentError('It must be NAME=VALUE.');
    return { ...before, [text.slice(0, at)]: parse(text.slice(at + 1)) };
  };
