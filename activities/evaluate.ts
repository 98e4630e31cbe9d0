import { checkpointed } from './checkpointed';
import { perform } from './perform';
import type { Activities } from '../contract/activities';
import { localData, machineryAt, type Workplace } from './activity-context';

/** The metric of a model on a split; from the last checkpoint where there is one. */
export const evaluate =
  (at: Workplace): Activities['evaluate'] =>
  (request) =>
    perform(at, 'evaluate', request, (performance) =>
      at.store.scratch.use((folder) =>
        checkpointed(
          at,
          performance,
          folder,
          async (checkpointing, onProgress) =>
            performance.run(
              'evaluate',
              {
                model: await at.store.path(request.model),
                data: await localData(at.store, request.data),
                metric: request.metric,
                machinery: machineryAt(at, request.compute),
                checkpointing,
              },
              onProgress,
            ),
          (evaluation) => Promise.resolve(evaluation),
        ),
      ),
    );
