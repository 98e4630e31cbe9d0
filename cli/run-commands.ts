import { type Command, Option } from 'commander';

import { runStatuses } from '../client/run-status';
import type { ListFlags } from './list';
import type { StartFlags } from './start';
import {
  jsonOption,
  numberFrom,
  runArgument,
  type RunFlags,
  stateOption,
  type StoreFlags,
  storeOption,
} from './options';

/** Adds the commands that start runs and follow them. */
export function addRuns(program: Command, done: (status: number) => void): void {
  program
    .command('run')
    .description('compress a model as a spec says; write model.onnx and result.json into its outDir')
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption('an event a line, as `watch` has them'))
    .addHelpText(
      'after',
      `
Starts the run, or joins the one of the same spec that is under way, works for it, and follows it to its end.

Example:
  slimflow run examples/digits/slimflow.yaml`,
    )
    .action(async (spec: string, flags: StoreFlags) =>
      done(await (await import('./run.js')).run(spec, flags)),
    );
  program
    .command('start')
    .description('start a run and leave the work to workers; print its id')
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addOption(storeOption())
    .option(
      '--task-queue <name>',
      "the workers' task queue, where they were told one (`slimflow worker --task-queue`)",
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow start job.yaml\n  ID=$(slimflow start job.yaml) && slimflow watch $ID',
    )
    .action(async (spec: string, flags: StartFlags) =>
      done(await (await import('./start.js')).start(spec, flags)),
    );
  program
    .command('watch')
    .description('follow a run to its end: stages, candidates, scores, epochs')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption('an event a line, for programs'))
    .addHelpText(
      'after',
      `
It goes on over a Temporal server that is away, and starts the one of the state folder again. Ctrl-C leaves the run as it is.

Examples:
  slimflow watch
  slimflow watch 3f2a --json | jq 'select(.type == "epoch")'`,
    )
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./watch.js')).watch(id, flags)),
    );
  program
    .command('status')
    .description('say how far a run is')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow status resnet20')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./status.js')).status(id, flags)),
    );
  program
    .command('result')
    .description('say what a run came to, and write its files as `run` does')
    .addArgument(runArgument())
    .option('--out <folder>', 'write model.onnx and result.json there')
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption('result.json itself'))
    .addHelpText('after', '\nExample:\n  slimflow result 3f2a --out out')
    .action(async (id: string | undefined, flags: StoreFlags & { out?: string }) =>
      done(await (await import('./result.js')).result(id, flags)),
    );
  program
    .command('list')
    .description('list runs: those that go on, then the latest')
    .addOption(new Option('--status <status>', 'only those').choices(runStatuses))
    .option('--model <name>', 'only those of the model, by the name of its file without .onnx')
    .option('--stage <stage>', 'only those at a stage, such as "channel pruning"')
    .addOption(
      new Option('--outcome <outcome>', 'only those').choices([
        'selected',
        'requirement-not-met',
        'stopped',
        'cancelled',
      ]),
    )
    .option('--query <condition>', "in Temporal's query language, such as 'SlimflowRatio < 0.5'")
    .option('--limit <n>', 'so many at most', numberFrom(1), 50)
    .option(...stateOption)
    .addOption(jsonOption('a run a line'))
    .addHelpText(
      'after',
      `
Examples:
  slimflow list --status running
  slimflow list --model resnet20 --outcome selected --query 'SlimflowRatio < 0.5'`,
    )
    .action(async (flags: ListFlags) => done(await (await import('./list.js')).list(flags)));
  program
    .command('cancel')
    .description('stop a run; waits until its work has stopped')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow cancel 3f2a')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./cancel.js')).cancel(id, flags)),
    );
}
