import { Argument, type Command } from 'commander';
import { resolve } from 'node:path';

import type { InputSize } from '../engine/names';
import { type SchemaName, schemaNames } from '../run-spec/schema-names';
import type { DataFlags } from './data';
import { inputSizeOption, jsonOption, positiveInteger, stateOption } from './options';

/** Adds the commands that look at models, specs and the machine. */
export function addTools(program: Command, done: (status: number) => void): void {
  program
    .command('init')
    .description('write a commented spec that shows every default')
    .argument('[file]', 'file to write', 'slimflow.yaml')
    .addHelpText('after', '\nExample:\n  slimflow init job.yaml')
    .action(async (file: string) => done(await (await import('./init.js')).init(file)));
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
    .command('diff')
    .description('show what became of each layer of a model in a smaller one that was made of it')
    .argument('<original>', 'ONNX file')
    .argument('<small>', 'ONNX file made of it')
    .addOption(inputSizeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow diff model.onnx out/model.onnx')
    .action(async (original: string, small: string, options: { json?: boolean; inputSize?: InputSize }) =>
      done(await (await import('./diff.js')).diff(original, small, options)),
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
