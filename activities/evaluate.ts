import { boundedDetails } from './bounds';
import { checkpointedActivity } from './checkpointed';
import { localData, localMetric, machineryAt } from './activity-context';

/** The metric of a model on a split. */
export const evaluate = checkpointedActivity('evaluate', {
  input: async (at, { model, data, metric, compute }, _folder, checkpointing) => ({
    model: await at.store.path(model),
    data: await localData(at.store, data),
    metric: await localMetric(at, metric),
    machinery: machineryAt(at, compute),
    checkpointing,
  }),
  result: (_at, { details, ...evaluation }) =>
    Promise.resolve({ ...evaluation, ...(details && { details: boundedDetails(details) }) }),
});
