import type { UpdateDefinition } from '@temporalio/common';
import { ApplicationFailure, setHandler } from '@temporalio/workflow';

import { failureTypes } from '../contract/failure-types';
import {
  addCandidateUpdate,
  approvePicksUpdate,
  approveSelectionUpdate,
  changeTargetsUpdate,
  finishEarlyUpdate,
  progressQuery,
  skipCandidateUpdate,
} from '../contract/messages';
import { isScoringProgress } from '../contract/inputs';
import { hear, hearPauseSignals } from './hear';
import { refusals, refuseAny } from './rules/refusals';
import { malformed } from './rules/request';
import type { Run } from './run-state';
import { scoredSignal } from './score-model';

const updates = [
  approvePicksUpdate,
  approveSelectionUpdate,
  changeTargetsUpdate,
  addCandidateUpdate,
  skipCandidateUpdate,
  finishEarlyUpdate,
] as const;

/** Answers the query, and takes the updates and signals of `messages.ts` and the word of scoring children. */
export function listen(run: Run): void {
  setHandler(progressQuery, () => run.progress());
  hear(scoredSignal, (progress) => {
    if (isScoringProgress(progress)) run.reported(progress);
  });
  updates.forEach((update) => take(run, update as UpdateDefinition<string, [never]>));
  hearPauseSignals(
    (request) => run.people.pause(request),
    (request) => run.people.resume(request),
  );
}

/** Sets an update's handler, and the validator that refuses it with a reason before it leaves a trace. */
function take(run: Run, update: UpdateDefinition<string, [never]>): void {
  const name = update.name as keyof typeof refusals;
  setHandler(update, (request) => run.people[name](request), {
    validator: (request: never) => {
      const standing = run.people.standing();
      const reason = malformed(name, request) ?? refuseAny(standing) ?? refusals[name](request, standing);
      if (reason !== undefined) throw ApplicationFailure.nonRetryable(reason, failureTypes.Refused);
    },
  });
}
