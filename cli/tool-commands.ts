import { Argument, type Command, Option } from 'commander';
import { resolve } from 'node:path';

import { type InputSize, providerChoices } from '../engine/names';
import type { EvaluateFlags } from './evaluate';
import { type SchemaName, schemaNames } from '../run-spec/schema-names';
import { completionScript, type Shell, shells } from './completion';
import type { DataFlags } from './data';
import type { DiffFlags } from './diff';
import { exitStatus } from './exit-status';
import type { InitFlags } from './init';
import { inputSizeOption, jsonOption, numberInRange, positiveInteger, stateOption } from './options';

/** Adds the commands that look at models, specs and the machine. */
export function addTools(program: Command, done: (status: number) => void): void {
  program
    .command('init')
    .description('write a commented spec that shows every default, or one for a model and a folder of data')
    .argument('[file]', 'file to write', 'slimflow.yaml')
    .option('--model <file>', 'ONNX file; with --data, writes a short spec that runs')
    .option(
      '--data <folder>',
      'folders of images by class, or train, val and test with such folders, or .npy files',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow init job.yaml\n  slimflow init job.yaml --model model.onnx --data photos',
    )
    .action(async (file: string, flags: InitFlags) =>
      done(await (await import('./init.js')).init(file, flags)),
    );
  program
    .command('inspect')
    .description("list a model's layers: shapes, MACs, parameters, and the techniques that can compress them")
    .argument('<model>', 'ONNX file')
    .addOption(inputSizeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow inspect model.onnx\n  slimflow inspect open.onnx --input-size 1x3x224x224 --json',
    )
    .action(async (model: string, options: { json?: boolean; inputSize?: InputSize }) =>
      done(await (await import('./inspect.js')).inspect(model, options)),
    );
  program
    .command('data')
    .description("show samples and figures of a spec's data, and find mistakes such as another normalization")
    .argument('<spec>', 'YAML or JSON file')
    .option('--model <file>', "ONNX file to judge the data with (default: the spec's)")
    .option('--samples <n>', 'maximum number of samples for figures and for the metric', positiveInteger, 500)
    .option('--picture <file>', 'PNG file for ten samples', 'data.png')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `
Tries the usual normalizations, the other order of colours, and labels moved by one on some hundred samples; what makes the
metric much better is reported with the fix.

Examples:
  slimflow data job.yaml
  slimflow data job.yaml --samples 2000 --picture /tmp/samples.png`,
    )
    .action(async (spec: string, flags: DataFlags) =>
      done(await (await import('./data.js')).data(spec, flags)),
    );
  program
    .command('evaluate')
    .description(
      "compute a model's metric, costs and latency on the data of a spec, or compare several models",
    )
    .argument('<models...>', 'ONNX files; others are compared with the first')
    .requiredOption('--data <spec>', 'spec (YAML or JSON): its data, its metric')
    .addOption(
      new Option('--split <name>', 'split to evaluate on')
        .choices(['train', 'evaluate', 'test'])
        .default('evaluate'),
    )
    .addOption(inputSizeOption())
    .option('--threads <n>', 'threads (default: one per core)', positiveInteger)
    .addOption(
      new Option('--provider <name>', "ONNX Runtime's execution provider")
        .choices(providerChoices)
        .default('cpu'),
    )
    .option('--latency-runs <n>', 'timed runs of each model, in turn; 0 times nothing', numberInRange(0), 50)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow evaluate model.onnx --data job.yaml --split test\n  slimflow evaluate model.onnx out/model.onnx --data job.yaml',
    )
    .action(async (models: string[], flags: EvaluateFlags) =>
      done(await (await import('./evaluate.js')).evaluate(models, flags)),
    );
  program
    .command('diff')
    .description('show what became of each layer of a model in a smaller one that was made of it')
    .argument('<original>', 'ONNX file')
    .argument('<small>', 'ONNX file made of it')
    .option('--html <file>', 'write a page with both graphs drawn, and the figures of each layer')
    .option('--latency', 'time each layer of both models')
    .option('--latency-runs <n>', 'timed runs of each model', numberInRange(1), 30)
    .option('--threads <n>', 'threads (default: one per core)', positiveInteger)
    .addOption(
      new Option('--provider <name>', "ONNX Runtime's execution provider to time on")
        .choices(providerChoices)
        .default('cpu'),
    )
    .addOption(inputSizeOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow diff model.onnx out/model.onnx\n  slimflow diff model.onnx out/model.onnx --latency --html diff.html',
    )
    .action(async (original: string, small: string, flags: DiffFlags) =>
      done(await (await import('./diff.js')).diff(original, small, flags)),
    );
  program
    .command('schema')
    .description('print a JSON Schema, for programs in other languages')
    .addArgument(new Argument('<name>', 'what it describes').choices(schemaNames))
    .addHelpText('after', '\nExample:\n  slimflow schema spec > slimflow.schema.json')
    .action(async (name: SchemaName) => done((await import('./schema.js')).schema(name)));
  program
    .command('doctor')
    .description('check prerequisites and show what a run would use')
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow doctor')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./doctor.js')).doctor(resolve(state))),
    );
}

/** Adds `slimflow completion`. */
export function addCompletion(program: Command, done: (status: number) => void): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'your shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  slimflow completion fish | source                in ~/.config/fish/config.fish
  source <(slimflow completion bash)               in ~/.bashrc
  source <(slimflow completion zsh)                in ~/.zshrc, after compinit`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(shell, program));
      done(exitStatus.done);
    });
}

/** Adds `slimflow server`. */
export function addServers(program: Command, done: (status: number) => void): void {
  program
    .command('server')
    .description("start Temporal on the state folder's history, to look at past runs in its UI")
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow server')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./server.js')).server(resolve(state))),
    );
}
