import { join } from 'node:path';

import { boundedNotes } from './bounds';
import { checkpointed } from './checkpointed';
import { fitting } from './fit-selection';
import { perform } from './perform';
import type { Activities, CompressedModel, ScoredLayer } from '../contract/activities';
import { localData, machineryAt, storeModel, type Workplace } from './activity-context';

/** A model compressed to a target, from the last checkpoint where there is one. */
export const compress =
  (at: Workplace): Activities['compress'] =>
  (request) =>
    perform(at, 'compress', request, (performance) =>
      at.store.scratch.use((folder) => {
        const { compute, fineTuneEach: settings, teacher, ...rest } = request;
        const out = join(folder, 'model.onnx');
        return checkpointed(
          at,
          performance,
          folder,
          async (checkpointing, onProgress) => {
            const layers = await at.store.json<ScoredLayer[]>(request.scores);
            const factors: Record<string, string> = {};
            const decomposed = layers.filter(({ factors: ref }) => ref);
            // All that are lost are told of at once.
            const paths = await at.store.paths(decomposed.map(({ factors: ref }) => ref!));
            decomposed.forEach(({ layer }, i) => (factors[layer] = paths[i]));
            const input = {
              ...rest,
              model: await at.store.path(request.model),
              selection: fitting(
                request.selection,
                layers.map(({ layer }) => layer),
                request.method.technique,
              ),
              parent: request.model.sha256,
              scores: layers.map(({ factors: _factors, ...scores }) => scores),
              factors,
              train: await localData(at.store, request.train),
              machinery: machineryAt(at, compute),
              fineTuneEach: settings && {
                settings,
                teacher: teacher && (await at.store.path(teacher)),
                ...checkpointing,
              },
              ...(!settings && { checkpointing }),
              out,
            };
            return performance.run('compress', input, onProgress);
          },
          async ({ plan: _plan, ...compressed }): Promise<CompressedModel> => ({
            ...compressed,
            notes: boundedNotes(compressed.notes),
            model: await storeModel(at.store, out),
          }),
        );
      }),
    );
