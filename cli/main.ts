#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { addCompress } from './compress-options';
import { BadInput, exit } from './exit-status';
import { addGc } from './gc-options';
import { stateOption } from './options';
import { addPack } from './pack-options';
import { addRuns } from './run-commands';
import { addSetup } from './setup-options';
import { addSteering } from './decision-commands';
import { addServers, addTools } from './tool-commands';
import { addTrain } from './train-options';
import { addWorker } from './worker-options';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
  version: string;
};

/**
 * The groups of commands in the order in which `--help` shows them. Each registers its commands; a command's module is
 * loaded when it is asked for, so that `--help` needs none of them.
 */
const groups: readonly [
  heading: string,
  ...((program: Command, done: (status: number) => void) => void)[],
][] = [
  ['Runs:', addRuns],
  ['People:', addSteering],
  ['Without a server:', addCompress, addTrain],
  ['Data, specs and models:', addPack, addTools],
  [
    'Servers and workers:',
    (program, done) => addWorker(program, stateOption, done),
    addServers,
    (program, done) => addSetup(program, stateOption, done),
    addGc,
  ],
];

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
  slimflow pack photos/train --out train
                                    make a data set of folders of JPEGs and PNGs
  slimflow inspect model.onnx       see the layers, their costs, and what can compress them
  slimflow run job.yaml             compress; the same command goes on after an interruption
  slimflow start job.yaml           leave the work to workers
  slimflow watch                    follow the run
  slimflow list --status running    all runs that go on
  slimflow compress model.onnx --technique spatial-svd --target 0.5 --out small.onnx
                                    one technique, no server, no fine-tuning
  slimflow train model.onnx --data job.yaml --out tuned.onnx
                                    train on labelled data, no server
  slimflow worker --queue gpu       work for runs that others start, on this machine
  slimflow server                   look at past runs in Temporal's UI
  slimflow setup                    add Slimflow's search attributes to your own Temporal server
  slimflow doctor                   see whether all is there that a run needs

Exit status: 0 done, 1 failed, 2 bad usage or bad input, 3 requirement not met, 4 the run was cancelled, 130 left by Ctrl-C.`,
    );
  for (const [heading, ...adds] of groups) {
    program.commandsGroup(heading);
    for (const add of adds) add(program, done);
  }
  return program.commandsGroup('Help:').helpCommand('help [command]', 'show the help of a command');
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
