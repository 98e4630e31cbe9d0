import { Argument, type Command } from 'commander';

import { inputSizeOption, positiveInteger } from './options';
import type { TrainFlags } from './train';
import { settingOptions } from './train-settings';

/** Adds `slimflow train`. */
export function addTrain(program: Command, done: (status: number) => void): void {
  const command = program
    .command('train')
    .description('train a model on labelled data or from a teacher model, without a server or Python')
    .addArgument(new Argument('<model>', 'ONNX file: the network, and the weights to start from'))
    .requiredOption(
      '--data <spec>',
      'spec (YAML or JSON): `data` with train, and optionally evaluate and test; `fineTune` with settings',
    )
    .requiredOption('--out <file>', 'file to write the trained model to')
    .option('--from-scratch', 'start from new random weights instead of those of the model')
    .option(
      '--teacher <model>',
      'ONNX file to learn from, usually the original model; makes labels optional',
    );
  command.addOption(inputSizeOption());
  for (const option of settingOptions()) command.addOption(option);
  command
    .option(
      '--curve <file>',
      'write loss and learning rate per step, loss and metric per epoch, to this .json or .csv file',
    )
    .option(
      '--checkpoints <folder>',
      'folder to keep checkpoints in until training is done (default: beside --out)',
    )
    .option('--checkpoint-seconds <s>', 'time between checkpoints', positiveInteger, 60)
    .option('--threads <n>', 'ONNX Runtime threads (default: all cores)', positiveInteger)
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
A setting without an option comes from \`fineTune\` of the spec, or is the default in brackets.

Examples:
  slimflow train model.onnx --data job.yaml --epochs 5 --learning-rate 0.001 --out tuned.onnx
  slimflow train network.onnx --data job.yaml --from-scratch --augment flip,crop:4 --out trained.onnx --curve curve.csv
  slimflow train small.onnx --data job.yaml --teacher model.onnx --batch-norm restore --out tuned.onnx

Ctrl-C writes a checkpoint; the same command then continues from it, and the result is the same to the bit.`,
    )
    .action(async (model: string, flags: TrainFlags) =>
      done(await (await import('./train.js')).train(model, flags)),
    );
}
