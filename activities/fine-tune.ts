import { join } from 'node:path';

import { boundedNotes, thinned } from './bounds';
import { checkpointed } from './checkpointed';
import { perform } from './perform';
import type { Activities, FineTunedModel } from '../contract/activities';
import { localData, storeModel, type Workplace } from './activity-context';

/** A model trained further, from the last checkpoint where there is one. */
export const fineTune =
  (at: Workplace): Activities['fineTune'] =>
  (request) =>
    perform(at, 'fineTune', request, (performance) =>
      at.store.scratch.use((folder) => {
        const out = join(folder, 'model.onnx');
        return checkpointed(
          at,
          performance,
          folder,
          async (checkpointing, onProgress) =>
            performance.run(
              'fineTune',
              {
                model: await at.store.path(request.model),
                parent: request.model.sha256,
                data: await localData(at.store, request.data),
                settings: request.settings,
                teacher: request.teacher && (await at.store.path(request.teacher)),
                evaluate: request.evaluate && {
                  data: await localData(at.store, request.evaluate.data),
                  metric: request.evaluate.metric,
                },
                threads: at.threads,
                provider: request.compute.provider,
                ...checkpointing,
                out,
              },
              onProgress,
            ),
          async (tuned): Promise<FineTunedModel> => ({
            ...tuned,
            losses: thinned(tuned.losses),
            evaluations: tuned.evaluations && thinned(tuned.evaluations),
            notes: boundedNotes(tuned.notes),
            model: await storeModel(at.store, out),
          }),
        );
      }),
    );
