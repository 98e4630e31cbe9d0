import { boundedNotes } from './bounds';
import { checkpointedActivity } from './checkpointed';
import { fitting } from './fit-selection';
import { storedLayers } from './stored-json';
import type { ScoredLayer } from '../contract/activities';
import type { Store } from '../store/store';
import { localData, machineryAt, modelIn, storeModel } from './activity-context';

/** A model compressed to a target. */
export const compress = checkpointedActivity('compress', {
  input: async (at, request, folder, checkpointing) => {
    const { fineTuneEach: settings, teacher } = request;
    const layers = await storedLayers(at.store, request.scores);
    const factors = await factorsOf(at.store, layers);
    const names = layers.map(({ layer }) => layer);
    return {
      model: await at.store.path(request.model),
      method: request.method,
      target: request.target,
      selection: fitting(request.selection, names, request.method.technique),
      parent: request.model.sha256,
      scores: layers.map(({ factors: _factors, ...scores }) => scores),
      factors,
      train: await localData(at.store, request.train),
      reconstruction: request.reconstruction,
      machinery: machineryAt(at, request.compute),
      fineTuneEach: settings && {
        settings,
        teacher: teacher && (await at.store.path(teacher)),
        ...checkpointing,
      },
      ...(!settings && { checkpointing }),
      out: modelIn(folder),
    };
  },
  result: async (at, { plan: _plan, ...compressed }, folder) => ({
    ...compressed,
    notes: boundedNotes(compressed.notes),
    model: await storeModel(at.store, modelIn(folder)),
  }),
});

/** The files of the layers' factors, by layer; those that are missing are all named at once. */
async function factorsOf(
  store: Store,
  layers: readonly ScoredLayer[],
): Promise<Readonly<Record<string, string>>> {
  const decomposed = layers.filter(({ factors }) => factors);
  const paths = await store.paths(decomposed.map(({ factors }) => factors!));
  return Object.fromEntries(decomposed.map(({ layer }, at) => [layer, paths[at]]));
}
