#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { addCompress } from './compress-options';
import { BadInput, exit } from './exit';
import { addGc } from './gc-options';
import { addSetup } from './setup-options';
import { addTrain } from './train-options';
import { addWorker } from './worker-options';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
  version: string;
};
const stateOption = [
  '--state <folder>',
  'folder of the artifact store and of the Temporal history',
  process.env.SLIMFLOW_STATE ?? '.slimflow',
] as const;

/** Each command's module is loaded when it is asked for: `--help` needs none of them. */
function cli(done: (status: number) => void): Command {
  const program = new Command('slimflow')
    .description("Compresses convolutional networks (ONNX in, ONNX out) by AIMET's guidebook, on Temporal.")
    .version(version)
    .exitOverride()
    .showHelpAfterError()
    .addHelpText(
      'after',
      `
Examples:
  slimflow init job.yaml            write a spec with every default, then edit it
  slimflow inspect model.onnx       see the layers, their costs, and what can compress them
  slimflow compress model.onnx --technique spatial-svd --target 0.5 --out small.onnx
                                    one technique, no server, no fine-tuning
  slimflow train model.onnx --data job.yaml --out tuned.onnx
                                    train on labelled data, no server
  slimflow run job.yaml             compress; the same command goes on after an interruption
  slimflow worker --queue gpu       work for runs that others start, on this machine
  slimflow server                   look at past runs in Temporal's UI
  slimflow setup                    add Slimflow's search attributes to your own Temporal server
  slimflow doctor                   see whether all is there that a run needs

Exit status: 0 done, 1 failed, 2 bad usage or bad input, 3 requirement not met, 130 detached by Ctrl-C.`,
    );
  program
    .command('run')
    .description('compress a model as a spec says; write model.onnx and result.json into its outDir')
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow run examples/digits/slimflow.yaml')
    .action(async (spec: string, { state }: { state: string }) =>
      done(await (await import('./run.js')).run(spec, { state: resolve(state) })),
    );
  program
    .command('init')
    .description('write a commented spec with every default visible')
    .argument('[file]', 'where to', 'slimflow.yaml')
    .addHelpText('after', '\nExample:\n  slimflow init job.yaml')
    .action(async (file: string) => done(await (await import('./init.js')).init(file)));
  program
    .command('inspect')
    .description('list the layers of a model: shapes, MACs, parameters, and what can compress them')
    .argument('<model>', 'ONNX file')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExamples:\n  slimflow inspect model.onnx\n  slimflow inspect model.onnx --json')
    .action(async (model: string, options: { json?: boolean }) =>
      done(await (await import('./inspect.js')).inspect(model, options)),
    );
  addCompress(program, done);
  addTrain(program, done);
  addWorker(program, stateOption, done);
  addSetup(program, stateOption, done);
  addGc(program, done);
  program
    .command('doctor')
    .description('see whether all is there that a run needs, and what it would use')
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow doctor')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./doctor.js')).doctor(resolve(state))),
    );
  program
    .command('server')
    .description("start Temporal on the state folder's history, so that its UI shows past runs")
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow server')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./server.js')).server(resolve(state))),
    );
  return program;
}

async function main(): Promise<number> {
  let status: number = exit.done;
  try {
    await cli((code) => (status = code)).parseAsync();
  } catch (error) {
    // Commander has said what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.badInput;
    process.stderr.write(`${(error as Error).message}\n`);
    return error instanceof BadInput ? exit.badInput : exit.failed;
  }
  return status;
}

// Native modules may hold handles that would keep the process; what was written is flushed first.
void main().then((status) => process.stdout.write('', () => process.exit(status)));
