import { upsertMemo } from '@temporalio/workflow';

import { checkInput } from '../contract/inputs';
import type { Result } from '../run-spec/result-schema';
import { alone } from './single-technique';
import { baseline } from './baseline';
import { cancellationOf } from './cancelled';
import { channelPruning } from './channel-pruning';
import { decomposition } from './decomposition';
import { listen } from './handlers';
import { importFirst } from './import-first';
import type { StepContext } from './step-context';
import { Run } from './run-state';
import { selection } from './selection';
import { Sources } from './sources';
import type { GuidebookInput, SpecInput } from '../contract/run';

/**
 * AIMET's guidebook, from the original model to the selected one; its result is the content of result.json. People may
 * look on and decide by the messages of `messages.ts`. Given a spec instead of what `prepare` makes of one, it imports
 * the files that are there when it begins.
 */
export async function guidebook(input: GuidebookInput | SpecInput): Promise<Result> {
  checkInput('guidebook', input);
  if ('spec' in input) return importFirst(input);
  const run = new Run(input);
  listen(run);
  try {
    const original = await baseline(run); // step 0; step 1, C and X, is the spec's
    const context: StepContext = { run, original, sources: new Sources(run, original) };
    await run.people.untilFinished(() => compression(context)); // steps 2 to 4
    const result = await selection(context); // step 5

    const { outcome, selected, final } = result;
    upsertMemo({ outcome, selected, final });
    return result;
  } catch (error) {
    const cancellation = cancellationOf(error);
    if (!cancellation) throw error;
    run.cancelled();
    throw cancellation;
  }
}

/** Steps 2 to 4: the candidates of all techniques asked for. */
async function compression(context: StepContext): Promise<void> {
  const { run } = context;
  run.people.open('candidates');
  const asked = run.input.settings.techniques;
  const all = asked.filter((technique) => run.applicable.includes(technique));
  const decompositions = all.filter((technique) => technique !== 'channel-pruning');
  asked
    .filter((technique) => !all.includes(technique))
    .forEach((technique) => run.note(`the model has no layer that ${technique} can compress`));
  if (all.length === 1) await alone(context, all[0]);
  else {
    await decomposition(context, decompositions);
    const picks = run.picks.flatMap((pick) => run.candidates.filter(({ id }) => id === pick));
    if (decompositions.length < all.length && !run.people.stopped) await channelPruning(context, picks);
  }
}
