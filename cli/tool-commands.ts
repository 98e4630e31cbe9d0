import type { Command } from 'commander';
import { resolve } from 'node:path';

import { stateOption } from './options';

/** Adds the commands that look at models, specs and the machine. */
export function addTools(program: Command, done: (status: number) => void): void {
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
  program
    .command('doctor')
    .description('see whether all is there that a run needs, and what it would use')
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow doctor')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./doctor.js')).doctor(resolve(state))),
    );
}

/** Adds the commands of whoever runs servers and workers. */
export function addServers(program: Command, done: (status: number) => void): void {
  program
    .command('server')
    .description("start Temporal on the state folder's history, so that its UI shows past runs")
    .option(...stateOption)
    .addHelpText('after', '\nExample:\n  slimflow server')
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./server.js')).server(resolve(state))),
    );
}
