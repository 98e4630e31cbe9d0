import { ApplicationFailure } from '@temporalio/activity';

import type { Activities, ScoredLayer } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import type { Workplace } from './activity-context';
import { perform } from './perform';
import { storedLayer } from './stored-json';

/** Activity: puts the points of an activity of the user's in place of a layer's computed scores. */
export const keepScores =
  (at: Workplace): Activities['keepScores'] =>
  (request) =>
    perform(at, 'keepScores', request, async () => {
      const layer = await storedLayer(at.store, request.scored);
      const found = new Map(request.points.map(({ units, points }) => [units, points]));
      const scores = layer.scores.map((one) => {
        const score = found.get(one.units);
        if (score === undefined)
          throw ApplicationFailure.nonRetryable(
            `points lacks ${one.units} units of ${layer.layer}`,
            failureTypes.InvalidRequest,
          );
        return { ...one, score };
      });
      return at.store.putJson({ ...layer, scores } satisfies ScoredLayer);
    });
