import { ApplicationFailure } from '@temporalio/activity';

import type { Activities } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import { plainDetails } from '../engine/data/user-metric';
import type { Evaluation } from '../engine/jobs/types';
import { EvaluationAnswer } from '../run-spec/activity-contract';
import { issueText } from '../run-spec/issue-text';
import type { Workplace } from './activity-context';
import { failureOf } from './failures';
import { questionKey } from './lend';
import { storeFailure } from './lost-artifacts';

/** Activity: checks the answer of an activity of the user's, and keeps it for whoever asks the same. */
export const keepAnswer =
  (at: Workplace): Activities['keepAnswer'] =>
  async ({ answer, ...request }) => {
    const { success, data, error } = EvaluationAnswer.safeParse(answer, { reportInput: true });
    if (!success)
      throw ApplicationFailure.nonRetryable(
        `activity ${request.metric.activity} answered wrongly: ${issueText(error.issues[0], 'the answer')}`,
        failureTypes.WrongAnswer,
      );
    try {
      const { points, samples = 0, standardError, details } = data;
      const evaluation: Evaluation = {
        value: points,
        samples,
        ...(standardError !== undefined && { standardError }),
        ...(details && { details: plainDetails(details, `details of activity ${request.metric.activity}`) }),
      };
      await at.store.setResult(questionKey(request), evaluation);
      return evaluation;
    } catch (error) {
      throw failureOf(await storeFailure(at.store, error));
    }
  };
