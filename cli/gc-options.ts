import { type Command, InvalidArgumentError } from 'commander';

import type { GcFlags } from './gc';

/** Registers `slimflow gc`. */
export function addGc(program: Command, done: (status: number) => void): void {
  program
    .command('gc')
    .description(
      'remove from the artifact store what no workflow needs that runs or that Temporal still keeps',
    )
    .option(
      '--state <folder>',
      'folder of the artifact store and of the Temporal history',
      process.env.SLIMFLOW_STATE ?? '.slimflow',
    )
    .option(
      '--store <where>',
      'the artifact store, where it is not in the state folder',
      process.env.SLIMFLOW_STORE,
    )
    .option('--dry-run', 'only say what would be removed')
    .option('--keep-days <days>', 'keep what was written or used within so many days', days, 7)
    .option('--json', 'as JSON, each thing by its name')
    .addHelpText('after', '\nExamples:\n  slimflow gc --dry-run\n  slimflow gc --keep-days 1')
    .action(async (flags: GcFlags) => done(await (await import('./gc.js')).gc(flags)));
}

function days(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0)) throw new InvalidArgumentError('It is no number of days.');
  return value;
}
