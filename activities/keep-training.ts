import { ApplicationFailure } from '@temporalio/activity';

import type { Activities, FineTunedModel } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import type { ModelSummary } from '../engine/jobs/types';
import { provenanceOf } from '../engine/runtime/provenance';
import { TrainingAnswer } from '../run-spec/activity-contract';
import { issueText } from '../run-spec/issue-text';
import type { Workplace } from './activity-context';
import { boundedNotes, thinned } from './bounds';
import { trainingKey } from './lend-training';
import { perform } from './perform';

/** Activity: takes the model that an activity of the user's trained, compares it with the one that it was given, and keeps it. */
export const keepTraining =
  (at: Workplace): Activities['keepTraining'] =>
  async (request) => {
    const kept = await perform(
      at,
      'keepTraining',
      request,
      async ({ run, onceKept }): Promise<FineTunedModel> => {
        const { model, by } = request;
        const refused = (why: string) =>
          ApplicationFailure.nonRetryable(`activity ${by.activity} ${why}`, failureTypes.WrongAnswer);
        const { success, data, error } = TrainingAnswer.safeParse(request.answer, { reportInput: true });
        if (!success) throw refused(`answered wrongly: ${issueText(error.issues[0], 'the answer')}`);
        const key = trainingKey(request);
        const given = await run('analyze', { model: await at.store.path(model) });
        const kept = await at.store.placed(key, async (path) => {
          const made = await run('analyze', { model: path });
          const why = difference(given, made);
          if (why !== undefined) throw refused(`returned another model: ${why}`);
          return { ref: await at.store.putFile(path, { move: true }), params: made.params };
        });
        if (!kept) throw refused('has put no model into its place, `out`');
        const { steps = 0, losses = [], notes = [] } = data;
        const tuned: FineTunedModel = {
          model: kept.ref,
          params: kept.params,
          steps,
          resumedAt: 0,
          losses: thinned(losses),
          retries: [],
          notes: boundedNotes(notes),
          provenance: { ...provenanceOf('cpu'), device: `activity ${by.activity}, version ${by.version}` },
        };
        await at.store.setResult(key, tuned);
        onceKept(() => at.store.dropPlaced(key));
        return tuned;
      },
    );
    // Like a user's file: only a new question to the activity could bring it back.
    const { work: _work, ...model } = kept.model;
    return { ...kept, model };
  };

/** Says how a trained model differs from the given one in what training must keep; undefined if it does not. */
function difference(given: ModelSummary, made: ModelSummary): string | undefined {
  for (const side of ['inputs', 'outputs'] as const) {
    const names = (summary: ModelSummary) => summary[side].map(({ name }) => name);
    if (names(given).join() !== names(made).join())
      return `its ${side} are ${names(made).join(', ')} instead of ${names(given).join(', ')}`;
    for (const [at, { name, shape }] of given[side].entries()) {
      const other = made[side][at].shape;
      const fits =
        other.length === shape.length &&
        shape.every(
          (dim, axis) => typeof dim !== typeof other[axis] || typeof dim === 'string' || dim === other[axis],
        );
      if (!fits) return `${name} is [${other.join(', ')}] instead of [${shape.join(', ')}]`;
    }
  }
  return given.macs === made.macs
    ? undefined
    : `it has ${made.macs} MACs instead of ${given.macs}; training must keep the layers' sizes`;
}
