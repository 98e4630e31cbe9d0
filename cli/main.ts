#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { addCodec } from './codec-option';
import { addCompress } from './compress-options';
import { BadInput, exitStatus } from './exit-status';
import { addGc } from './gc-options';
import { addPack } from './pack-options';
import { addRuns } from './run-commands';
import { addSetup } from './setup-options';
import { addDecisions } from './decision-commands';
import { addCompletion, addServers, addTools } from './tool-commands';
import { addTrain } from './train-options';
import { addWeb } from './web-options';
import { addWorker } from './worker-options';
import { visibleLines } from '../engine/visible';

const { version } = JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
  version: string;
};

/**
 * The groups of commands, in the order in which `--help` shows them. Each function registers its commands; a command's
 * module is loaded only when the command runs, so that `--help` stays fast.
 */
const groups: readonly [
  heading: string,
  ...((program: Command, done: (status: number) => void) => void)[],
][] = [
  ['Runs:', addRuns, addWeb],
  ['Decisions:', addDecisions],
  ['Without a server:', addCompress, addTrain],
  ['Data, specs and models:', addPack, addTools],
  ['Servers and workers:', addWorker, addServers, addSetup, addGc],
  ['Shell:', addCompletion],
];

function cli(done: (status: number) => void): Command {
  const program = new Command('slimflow')
    .description(
      "Compresses convolutional networks (ONNX in, ONNX out) by AIMET's guidebook, as durable Temporal workflows.",
    )
    .version(version)
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  slimflow quickstart               compress a ResNet-20 that reads digits, as an example
  slimflow init job.yaml            write a spec with every default, then edit it
  slimflow pack photos/train --out train
                                    make a data set from folders of JPEGs and PNGs
  slimflow data job.yaml            look at samples and figures of your data, and find mistakes
  slimflow inspect model.onnx       list the layers, their costs, and which techniques can compress them
  slimflow run job.yaml             compress; repeat the command to continue after an interruption
  slimflow start job.yaml           start a run and leave the work to workers
  slimflow watch                    follow the run
  slimflow compare 3f2a 91bc        show runs beside each other
  slimflow web                      follow runs, and decide, in a browser
  slimflow list --status running    list the runs in progress
  slimflow compress model.onnx --technique spatial-svd --target 0.5 --out small.onnx
                                    apply one technique, without a server or fine-tuning
  slimflow train model.onnx --data job.yaml --out tuned.onnx
                                    train on labelled data, without a server
  slimflow worker --queue gpu       do the GPU work of runs on this machine
  slimflow server                   look at past runs in Temporal's UI
  slimflow setup                    add Slimflow's search attributes to your own Temporal server
  slimflow doctor                   check prerequisites

Exit status: 0 done, 1 failed, 2 bad usage or bad input, 3 requirement not met, 4 run cancelled, 130 interrupted by Ctrl-C.`,
    );
  for (const [heading, ...adds] of groups) {
    program.commandsGroup(heading);
    for (const add of adds) add(program, done);
  }
  addCodec(program);
  return program.commandsGroup('Help:').helpCommand('help [command]', 'show help for a command');
}

/** Returns an error's message; with what the server said, which Temporal's client leaves to the error's cause. */
function messageOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  const { details } = (cause ?? {}) as { details?: unknown };
  if (/^Unknown encoding: binary\/encrypted/.test(message))
    return `${message}: what Temporal has of this run is encrypted; name its codec by --codec or SLIMFLOW_CODEC`;
  return name === 'ServiceError' && typeof details === 'string' && details && !message.includes(details)
    ? `${message}: ${details}`
    : message;
}

async function main(): Promise<number> {
  let status: number = exitStatus.done;
  try {
    await cli((code) => (status = code)).parseAsync();
  } catch (error) {
    // Commander has printed the message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.done : exitStatus.badInput;
    process.stderr.write(visibleLines(`${messageOf(error)}\n`));
    return error instanceof BadInput ? exitStatus.badInput : exitStatus.failed;
  }
  return status;
}

/** The first error of standard output: a full disk, or a reader that has gone. */
let lost: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A command whose reader has gone ends as by Ctrl-C: a run is kept, a training writes its checkpoint.
  if (!lost && error.code === 'EPIPE') process.kill(process.pid, 'SIGINT');
  lost ??= error;
});

/** Returns a command's status, or `failed` if what it wrote has not arrived. */
function arrived(status: number): number {
  if (!lost || lost.code === 'EPIPE') return status;
  process.stderr.write(`standard output can't be written: ${lost.message}\n`);
  return status === exitStatus.done ? exitStatus.failed : status;
}

// Native modules may hold handles that would keep the process alive, so exit explicitly once output is flushed. Errors of
// writing are emitted after the callbacks of writing.
void main().then((status) =>
  process.stdout.write('', () => setImmediate(() => process.exit(arrived(status)))),
);
