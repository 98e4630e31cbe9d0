import type { Command } from 'commander';

import {
  addedCandidate,
  gathered,
  jsonOption,
  listOf,
  names,
  numberFrom,
  ratio,
  type RunFlags,
  runArgument,
  stateOption,
} from './options';

type Steer = typeof import('./send-decision.js');
const note = ['--note <text>', 'why; stands in the history beside who said it'] as const;

/** Adds the commands by which people take part in a run. */
export function addSteering(program: Command, done: (status: number) => void): void {
  const steer = () => import('./send-decision.js');
  program
    .command('approve')
    .description('let a run go on that waits for a person: with what it proposes, or with something else')
    .addArgument(runArgument())
    .option('--picks <ids>', 'the candidates that go on to channel pruning', names)
    .option('--select <id>', 'the candidate that becomes the result')
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow approve\n  slimflow approve 3f2a --picks ssvd-0.65,ssvd-0.75 --note "0.5 loses too much"',
    )
    .action(async (id: string | undefined, flags: Parameters<Steer['approveRun']>[1]) =>
      done(await (await steer()).approveRun(id, flags)),
    );
  program
    .command('adjust')
    .description('change what a run aims at: targets, tolerance, candidates more or fewer')
    .addArgument(runArgument())
    .option('--target <C>', 'cost of the final model relative to the original', ratio)
    .option('--tolerance <X>', 'points of the metric that may be lost', numberFrom(0))
    .option('--ssvd-targets <ratios>', 'Cssvd, separated by commas', listOf(ratio))
    .option('--ccp-factors <factors>', 'of Ccp, separated by commas', listOf(numberFrom(0)))
    .option(
      '--add <technique=ratio[@candidate]>',
      'one more candidate, of the original or of another; may be repeated',
      gathered(addedCandidate),
    )
    .option('--skip <id>', 'a candidate to leave out; may be repeated', gathered(String))
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow adjust 3f2a --tolerance 1.5\n  slimflow adjust 3f2a --skip ssvd-0.50 --add channel-pruning=0.7@ssvd-0.65',
    )
    .action(async (id: string | undefined, flags: Parameters<Steer['adjustRun']>[1]) =>
      done(await (await steer()).adjustRun(id, flags)),
    );
  program
    .command('pause')
    .description('begin no new work in a run until it is resumed; what is under way is finished')
    .addArgument(runArgument())
    .option('--reason <text>', 'why; stands in the history')
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow pause 3f2a --reason "the GPU is needed elsewhere"')
    .action(async (id: string | undefined, flags: Parameters<Steer['pauseRun']>[1]) =>
      done(await (await steer()).pauseRun(id, flags)),
    );
  program
    .command('resume')
    .description('let a paused run go on')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow resume 3f2a')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await steer()).resumeRun(id, flags)),
    );
  program
    .command('finish')
    .description('end a run early with the best candidate so far')
    .addArgument(runArgument())
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow finish 3f2a')
    .action(async (id: string | undefined, flags: Parameters<Steer['finishRun']>[1]) =>
      done(await (await steer()).finishRun(id, flags)),
    );
}
