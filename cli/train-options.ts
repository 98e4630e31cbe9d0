import { Argument, type Command } from 'commander';

import { whole } from './options';
import { settingOptions } from './train-settings';
import type { TrainFlags } from './train';

/** Adds `slimflow train`. */
export function addTrain(program: Command, done: (status: number) => void): void {
  const command = program
    .command('train')
    .description('train a model on labelled data or by a teacher, without a server and without Python')
    .addArgument(new Argument('<model>', 'ONNX file: the network, and the weights to go on from'))
    .requiredOption(
      '--data <spec>',
      'YAML or JSON file: `data` with train, and evaluate and test where there are any; `fineTune` with settings',
    )
    .requiredOption('--out <file>', 'where to write the trained model')
    .option('--from-scratch', 'begin with new random weights rather than with those of the model')
    .option('--teacher <model>', 'ONNX file to learn from, mostly the original; labels are then not needed');
  for (const option of settingOptions()) command.addOption(option);
  command
    .option('--curve <file>', 'loss and learning rate by step, loss and metric by epoch: .json or .csv')
    .option(
      '--checkpoints <folder>',
      'keep checkpoints here until training is done, and go on from the last (beside --out)',
    )
    .option('--checkpoint-seconds <s>', 'time between checkpoints', whole, 60)
    .option('--threads <n>', 'threads of ONNX Runtime; all cores when left out', whole)
    .option('--json', 'report as JSON')
    .addHelpText(
      'after',
      `
Settings that no option gives are those of \`fineTune\` in the spec, else the defaults in brackets.

Examples:
  slimflow train model.onnx --data job.yaml --epochs 5 --learning-rate 0.001 --out tuned.onnx
  slimflow train network.onnx --data job.yaml --from-scratch --augment flip,crop:4 --out trained.onnx --curve curve.csv
  slimflow train small.onnx --data job.yaml --teacher model.onnx --batch-norm restore --out tuned.onnx

Ctrl-C writes a checkpoint; the same command then goes on, and ends in the same bits.`,
    )
    .action(async (model: string, flags: TrainFlags) =>
      done(await (await import('./train.js')).train(model, flags)),
    );
}
