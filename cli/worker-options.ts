import { type Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';

import { workerQueues } from '../contract/task-queues';
import { positiveInteger, positiveNumber, stateOption, storeOption } from './options';
import type { WorkerFlags } from './worker';

/** Adds `slimflow worker`. */
export function addWorker(program: Command, done: (status: number) => void): void {
  program
    .command('worker')
    .description(
      'run a worker in the foreground, for the server of TEMPORAL_ADDRESS, a profile or the state folder',
    )
    .addOption(
      new Option(
        '--queue <kind>',
        'what to work on; cpu includes workflows and light work, latency is measuring on this machine',
      )
        .choices(workerQueues)
        .default('all'),
    )
    .addOption(storeOption())
    .option(
      '--task-queue <name>',
      'task queue of the workflows (default: derived from the store); with --queue latency, latency.taskQueue of the spec',
    )
    .option('--slots <n>', 'concurrent jobs (default: by CPU cores, at most 4)', positiveInteger)
    .option('--threads <n>', 'threads per job (default: the cores divided among the slots)', positiveInteger)
    .option(
      '--memory <GB>',
      "memory for all jobs together (default: 85 % of the machine's or container's)",
      positiveNumber,
    )
    .option('--overflow', 'hand jobs that do not fit in memory to workers with --queue large')
    .option(
      '--allow-modules',
      "run code of users' modules, such as metrics of specs; whoever may start workflows in the namespace can then run code here",
    )
    .option(
      '--import-from <places...>',
      'folders and addresses (s3://bucket/exports/, https://host/) from which runs that are started with a spec import their files (default: none)',
    )
    .option('--checkpoint-seconds <s>', 'time between checkpoints of a job (default: 3)', positiveNumber)
    .option(
      '--drain-seconds <s>',
      'time for jobs to write a last checkpoint when the worker is stopped (default: 15)',
      positiveNumber,
    )
    .option('--health-port <port>', 'serve /healthz and /readyz on this port; 0 takes any free one', port)
    .option(
      '--metrics-port <port>',
      'serve metrics for Prometheus on this port, at /metrics (default: none; OTEL_EXPORTER_OTLP_ENDPOINT sends them instead)',
      positivePort,
    )
    .option(
      '--health-host <address>',
      'address that the health and metrics ports listen on, such as 0.0.0.0 for all (default: 127.0.0.1)',
    )
    .option(
      '--deployment <name>',
      'Worker Versioning: name of the deployment; runs stay on the version they started on',
    )
    .option(
      '--build-id <id>',
      'name of this version (default: derived from the package, the workflows and the engine)',
    )
    .option(...stateOption)
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow worker\n  TEMPORAL_ADDRESS=temporal:7233 slimflow worker --queue gpu --slots 1 --store /mnt/store\n  TEMPORAL_ADDRESS=temporal:7233 slimflow worker --queue latency --task-queue jetson --store s3://bucket/prefix',
    )
    .action(async (flags: WorkerFlags) =>
      done(await (await import('./worker.js')).worker({ ...flags, state: resolve(flags.state) })),
    );
}

/** Parses a port that others are to know. */
function positivePort(text: string): number {
  const value = port(text);
  if (value === 0) throw new InvalidArgumentError('Must be a port number, 1 to 65535.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('Must be a port number, 0 to 65535.');
  return value;
}
