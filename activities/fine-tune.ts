import { boundedNotes, thinned } from './bounds';
import { checkpointedActivity } from './checkpointed';
import { localData, localMetric, modelIn, storeModel } from './activity-context';

/** A model trained further. */
export const fineTune = checkpointedActivity('fineTune', {
  input: async (at, { model, data, settings, teacher, evaluate, compute }, folder, checkpointing) => ({
    model: await at.store.path(model),
    parent: model.sha256,
    data: await localData(at.store, data),
    settings,
    teacher: teacher && (await at.store.path(teacher)),
    evaluate: evaluate && {
      data: await localData(at.store, evaluate.data),
      metric: await localMetric(at, evaluate.metric),
    },
    threads: at.threads,
    provider: compute.provider,
    ...checkpointing,
    out: modelIn(folder),
  }),
  result: async (at, tuned, folder) => ({
    ...tuned,
    losses: thinned(tuned.losses),
    evaluations: tuned.evaluations && thinned(tuned.evaluations),
    notes: boundedNotes(tuned.notes),
    model: await storeModel(at.store, modelIn(folder)),
  }),
});
