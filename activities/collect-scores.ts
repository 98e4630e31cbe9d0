import { perform } from './perform';
import type { Activities, ScoredLayer } from '../contract/activities';
import type { Workplace } from './activity-context';

/** One artifact of many layers' scores. */
export const collectScores =
  (at: Workplace): Activities['collectScores'] =>
  (request) =>
    perform(at, 'collectScores', request, async () => {
      const before = request.before ? await at.store.json<ScoredLayer[]>(request.before) : [];
      await at.store.paths(request.layers); // all that are lost are told of at once
      const layers = await Promise.all(request.layers.map((ref) => at.store.json<ScoredLayer>(ref)));
      return at.store.putJson([...before, ...layers]);
    });
