import type { Command } from 'commander';
import { resolve } from 'node:path';

/** Registers `slimflow setup`. @param stateOption what all commands call the state folder */
export function addSetup(
  program: Command,
  stateOption: readonly [flags: string, description: string, fallback: string],
  done: (status: number) => void,
): void {
  program
    .command('setup')
    .description("add Slimflow's search attributes to a Temporal server of your own; what is there stays")
    .option(...stateOption)
    .addHelpText(
      'after',
      `
The server is found as \`slimflow run\` finds it: TEMPORAL_ADDRESS or the profile of Temporal's configuration file, the
one of the state folder, and where that holds no history one at localhost:7233. A server that Slimflow starts has them already.

Examples:
  slimflow setup
  TEMPORAL_ADDRESS=temporal.example.com:7233 TEMPORAL_NAMESPACE=ml slimflow setup`,
    )
    .action(async ({ state }: { state: string }) =>
      done(await (await import('./setup.js')).setup(resolve(state))),
    );
}
