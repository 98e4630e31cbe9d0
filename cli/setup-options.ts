import type { Command } from 'commander';
import { resolve } from 'node:path';

import { stateOption } from './options';

/** Adds `slimflow setup`. */
export function addSetup(program: Command, done: (status: number) => void): void {
  program
    .command('setup')
    .description("add Slimflow's search attributes to your own Temporal server; existing ones are kept")
    .option(...stateOption)
    .addHelpText(
      'after',
      `
Finds the server as \`slimflow run\` does: TEMPORAL_ADDRESS or a profile of Temporal's configuration file, then the server
of the state folder, then, if that has no history, localhost:7233. A server that Slimflow starts needs no setup.

Examples:
  slimflow setup
  TEMPORAL_ADDRESS=temporal.example.com:7233 TEMPORAL_NAMESPACE=ml slimflow setup`,
    )
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./setup.js')).setup(resolve(state))),
    );
}
