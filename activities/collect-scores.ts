import { perform } from './perform';
import { storedLayer, storedLayers } from './stored-json';
import type { Activities } from '../contract/activities';
import type { Workplace } from './activity-context';

/** Activity: collects many layers' scores in one artifact. */
export const collectScores =
  (at: Workplace): Activities['collectScores'] =>
  (request) =>
    perform(at, 'collectScores', request, async () => {
      const before = request.before ? await storedLayers(at.store, request.before) : [];
      await at.store.paths(request.layers); // all lost artifacts are reported at once
      const layers = await Promise.all(request.layers.map((ref) => storedLayer(at.store, ref)));
      return at.store.putJson([...before, ...layers]);
    });
