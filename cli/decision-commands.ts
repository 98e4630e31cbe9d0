import type { Command } from 'commander';

import {
  addedCandidate,
  repeatable,
  jsonOption,
  listOf,
  names,
  numberInRange,
  ratio,
  type RunFlags,
  runArgument,
  stateOption,
} from './options';

type SendDecision = typeof import('./send-decision.js');
const note = ['--note <text>', 'reason; recorded in the history with your name'] as const;

/** Adds the commands that send a person's decision to a run. */
export function addDecisions(program: Command, done: (status: number) => void): void {
  const sendDecision = () => import('./send-decision.js');
  program
    .command('approve')
    .description('approve what a waiting run proposes, or choose something else')
    .addArgument(runArgument())
    .option('--picks <ids>', 'candidates to take to channel pruning, separated by commas', names)
    .option('--select <id>', 'candidate to return as the result')
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow approve\n  slimflow approve 3f2a --picks ssvd-0.65,ssvd-0.75 --note "0.5 loses too much"',
    )
    .action(async (id: string | undefined, flags: Parameters<SendDecision['approveRun']>[1]) =>
      done(await (await sendDecision()).approveRun(id, flags)),
    );
  program
    .command('adjust')
    .description('change the targets, tolerance or candidates of a run in progress')
    .addArgument(runArgument())
    .option('--target <C>', 'cost of the final model relative to the original, between 0 and 1', ratio)
    .option('--tolerance <X>', 'points of the metric that may be lost, 0 or more', numberInRange(0))
    .option('--ssvd-targets <ratios>', 'SVD targets (Cssvd), separated by commas', listOf(ratio))
    .option(
      '--ccp-factors <factors>',
      'factors of the channel pruning target (Ccp), separated by commas',
      listOf(numberInRange(0)),
    )
    .option(
      '--add <technique=ratio[@candidate]>',
      'add a candidate, made from the original or from another candidate; repeatable',
      repeatable(addedCandidate),
    )
    .option('--skip <id>', 'skip a candidate; repeatable', repeatable(String))
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      '\nExamples:\n  slimflow adjust 3f2a --tolerance 1.5\n  slimflow adjust 3f2a --skip ssvd-0.50 --add channel-pruning=0.7@ssvd-0.65',
    )
    .action(async (id: string | undefined, flags: Parameters<SendDecision['adjustRun']>[1]) =>
      done(await (await sendDecision()).adjustRun(id, flags)),
    );
  program
    .command('pause')
    .description('start no new work in a run until it is resumed; work in progress finishes')
    .addArgument(runArgument())
    .option('--reason <text>', 'reason; recorded in the history')
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow pause 3f2a --reason "the GPU is needed elsewhere"')
    .action(async (id: string | undefined, flags: Parameters<SendDecision['pauseRun']>[1]) =>
      done(await (await sendDecision()).pauseRun(id, flags)),
    );
  program
    .command('resume')
    .description('resume a paused run')
    .addArgument(runArgument())
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow resume 3f2a')
    .action(async (id: string | undefined, flags: RunFlags) =>
      done(await (await sendDecision()).resumeRun(id, flags)),
    );
  program
    .command('finish')
    .description('end a run early with the best candidate so far')
    .addArgument(runArgument())
    .option(...note)
    .option(...stateOption)
    .addOption(jsonOption())
    .addHelpText('after', '\nExample:\n  slimflow finish 3f2a')
    .action(async (id: string | undefined, flags: Parameters<SendDecision['finishRun']>[1]) =>
      done(await (await sendDecision()).finishRun(id, flags)),
    );
}
