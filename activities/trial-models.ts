import type { Activities, TrialModel } from '../contract/activities';
import { localData, machineryAt, storeModel, type Workplace } from './activity-context';
import { perform } from './perform';
import { storedLayer } from './stored-json';

/** Activity: writes models with one layer compressed, in the original's shape, for an activity of the user's to judge. */
export const trialModels =
  (at: Workplace): Activities['trialModels'] =>
  (request) =>
    perform(at, 'trialModels', request, ({ run }) =>
      at.store.scratch.use(async (folder) => {
        const { method, layer } = request;
        const { scores, factors } = await storedLayer(at.store, request.scored);
        const units = [...new Set(scores.map((score) => score.units))];
        const { files } = await run('trialModels', {
          model: await at.store.path(request.model),
          method,
          layer,
          units,
          train: await localData(at.store, request.train),
          reconstruction: request.reconstruction,
          machinery: machineryAt(at, request.compute),
          ...(factors && { factors: { [layer]: await at.store.path(factors) } }),
          folder,
        });
        const models: TrialModel[] = [];
        for (const [i, path] of files.entries())
          models.push({ units: units[i], model: await storeModel(at.store, path) });
        return models;
      }),
    );
