import { join } from 'node:path';

import { perform } from './perform';
import type { Activities, CompressedModel, ScoredLayer } from './types';
import { localData, machineryAt, storeModel, type Workplace } from './workplace';

/** A model compressed to a target. */
export const compress =
  (at: Workplace): Activities['compress'] =>
  (request) =>
    perform(at, 'compress', request, ({ run }) =>
      at.store.scratch.use(async (folder): Promise<CompressedModel> => {
        const { compute, ...rest } = request;
        const layers = await at.store.json<ScoredLayer[]>(request.scores);
        const factors: Record<string, string> = {};
        for (const { layer, factors: ref } of layers) if (ref) factors[layer] = await at.store.path(ref);
        const out = join(folder, 'model.onnx');
        const { plan: _plan, ...compressed } = await run('compress', {
          ...rest,
          model: await at.store.path(request.model),
          scores: layers.map(({ factors: _factors, ...scores }) => scores),
          factors,
          train: await localData(at.store, request.train),
          machinery: machineryAt(at, compute),
          out,
        });
        return { ...compressed, model: await storeModel(at.store, out) };
      }),
    );
