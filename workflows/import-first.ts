import {
  makeContinueAsNewFunc,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';

import { progressQuery } from '../contract/messages';
import type { GuidebookInput, GuidebookProgress, SpecInput } from '../contract/run';
import { runName } from '../contract/run-name';
import type { Result } from '../run-spec/result-schema';
import { sentences } from './activity-labels';
import { hearPauses, paused, untilResumed } from './pause';
import { plain } from './progress-markdown';
import { importSpec } from './proxies';

/**
 * Imports the files that a spec names, as they are now, and goes on as a run whose input they are: what it does from
 * there on is repeated with these very files, however often they change.
 */
export async function importFirst(input: SpecInput): Promise<never> {
  const name = runName(input);
  const show = () =>
    setCurrentDetails(`### ${plain(name)}\n\nImporting the model and the data${paused() ? '; paused' : ''}`);
  setHandler(progressQuery, () => importing(input));
  hearPauses(show);
  upsertMemo({ model: name, stage: 'import' });
  show();
  const imported = await imports(input);
  await untilResumed();
  const { target, tolerance, techniques } = imported.settings;
  // What a run is called stays with it; the server does not carry a changed memo over.
  const goOn = makeContinueAsNewFunc<(input: GuidebookInput) => Promise<Result>>({
    memo: { ...workflowInfo().memo, model: imported.name, target, tolerance, techniques },
  });
  return goOn(imported);
}

/** Imports the files that a spec names, and returns the input of a run with them. */
export async function imports({ spec, searchAttributes }: SpecInput): Promise<GuidebookInput> {
  const { firstExecutionRunId: run } = workflowInfo();
  const imported = await importSpec.executeWithOptions(sentences.importSpec(), [
    { spec: spec as Parameters<typeof importSpec.executeWithOptions>[1][0]['spec'], run },
  ]);
  return { ...imported, ...(searchAttributes && { searchAttributes }) };
}

/** The progress of a run that has no more than a spec. */
const importing = (input: SpecInput): GuidebookProgress => ({
  name: runName(input),
  target: Number(input.spec.target),
  tolerance: Number(input.spec.tolerance),
  cost: input.spec.cost ?? 'macs',
  stage: 'import',
  scoring: [],
  candidates: [],
  judgements: [],
  notes: [],
  paused: paused(),
  decisions: [],
});
