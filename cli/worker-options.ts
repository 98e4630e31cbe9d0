import { type Command, InvalidArgumentError, Option } from 'commander';
import { resolve } from 'node:path';

import { workerQueues } from '../contract/task-queues';
import { positive, whole } from './options';
import type { WorkerFlags } from './worker';

/** Adds `slimflow worker`. */
export function addWorker(
  program: Command,
  stateOption: readonly [flags: string, description: string, value: string],
  done: (status: number) => void,
): void {
  program
    .command('worker')
    .description('work for any Temporal server, in the foreground: TEMPORAL_ADDRESS or a profile says which')
    .addOption(
      new Option('--queue <kind>', 'cpu: workflows, light work and work for cpu; gpu; large; or all')
        .choices(workerQueues)
        .default('all'),
    )
    .option('--store <where>', 'the artifact store that all workers of a run share (<state>/store)')
    .option('--task-queue <name>', "the workflows' task queue (one that the store gives its name)")
    .option('--slots <n>', 'jobs at a time (up to 4, by the cores)', whole)
    .option('--threads <n>', 'threads of a job (the cores, shared out)', whole)
    .option('--memory <GB>', "memory for all jobs together (85 % of the machine's or container's)", positive)
    .option('--overflow', 'hand work that does not fit to the workers of --queue large')
    .option('--checkpoint-seconds <s>', 'time between checkpoints of a job (3)', positive)
    .option('--drain-seconds <s>', 'time for a last checkpoint when it is stopped (15)', positive)
    .option('--health-port <port>', 'answer /healthz and /readyz here; 0 takes any port', port)
    .option(
      '--deployment <name>',
      'Worker Versioning: take the runs of this deployment, each on the version it began on',
    )
    .option('--build-id <id>', 'the name of this version (of the package, the workflows and the engine)')
    .option(...stateOption)
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow worker\n  TEMPORAL_ADDRESS=temporal:7233 slimflow worker --queue gpu --slots 1 --store /mnt/store',
    )
    .action(async (flags: WorkerFlags) =>
      done(await (await import('./worker.js')).worker({ ...flags, state: resolve(flags.state) })),
    );
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65535)
    throw new InvalidArgumentError('It must be a port, 0 to 65535.');
  return value;
}
