import { type Command, Option } from 'commander';

import { numberInRange, stateOption, storeOption } from './options';
import type { WebFlags } from './web';

/** Adds `slimflow web`. */
export function addWeb(program: Command, done: (status: number) => void): void {
  program
    .command('web')
    .description('serve live pages of all runs: reports while they grow, and buttons to decide')
    .option('--port <number>', 'port; 0 for any free one', numberInRange(0, 65_535), 4680)
    .option(
      '--host <address>',
      "address to listen at; another than this machine's needs a token",
      '127.0.0.1',
    )
    .addOption(
      new Option(
        '--token <secret>',
        'secret that opens the pages; made at each start if the address needs one and none is given',
      ).env('SLIMFLOW_WEB_TOKEN'),
    )
    .option(...stateOption)
    .addOption(storeOption())
    .addHelpText('after', '\nExamples:\n  slimflow web\n  slimflow web --host 0.0.0.0 --port 8000')
    .action(async (flags: WebFlags) => done(await (await import('./web.js')).web(flags)));
}
