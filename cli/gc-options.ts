import { type Command } from 'commander';

import type { GcFlags } from './gc';
import { jsonOption, numberInRange, repeatable, stateOption, storeOption } from './options';

/** Adds `slimflow gc`. */
export function addGc(program: Command, done: (status: number) => void): void {
  program
    .command('gc')
    .description('remove artifacts that no running or retained workflow and no schedule needs')
    .option(...stateOption)
    .addOption(storeOption())
    .option('--dry-run', 'show what would be removed, remove nothing')
    .option('--keep-days <days>', 'keep what was written or used within this many days', numberInRange(0), 7)
    .option(
      '--namespace <name>',
      'also count the needs of this namespace, where the server does not list its namespaces (repeatable)',
      repeatable((name: string) => name),
    )
    .addOption(jsonOption('print JSON, one entry per removed item'))
    .addHelpText('after', '\nExamples:\n  slimflow gc --dry-run\n  slimflow gc --keep-days 1')
    .action(async (flags: GcFlags) => done(await (await import('./gc.js')).gc(flags)));
}
